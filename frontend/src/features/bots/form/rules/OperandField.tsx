import Box from '@mui/material/Box'
import ListSubheader from '@mui/material/ListSubheader'
import MenuItem from '@mui/material/MenuItem'
import TextField from '@mui/material/TextField'
import { useWatch } from 'react-hook-form'
import { useFormHelp, useProblem } from '../context'
import type { FormValues } from '../model'
import { choiceId, choices, type Choice } from './edit'
import type { OperandForm } from './model'
import { OperandDetails } from './OperandDetails'
import { operandWord } from './sentence'

interface Props {
  label: string
  operand: OperandForm
  anchor: string
  /** Whether all that may say more of a series stands below it: which bar, which timeframe, its change. */
  detailed: boolean
  onChange: (operand: OperandForm) => void
}

/** One side of a comparison: an indicator's output, a price, or a number. */
export function OperandField({ label, operand, anchor, detailed, onChange }: Props) {
  const { catalogue, touch } = useFormHelp()
  const problem = useProblem(anchor)
  const indicators = useWatch<FormValues, 'indicators'>({ name: 'indicators' })
  const offered = choices({ indicators, catalogue })
  const current = choiceId(operand)
  const gone = !offered.some(({ id }) => id === current)
  const change = (next: OperandForm) => {
    onChange(next)
    touch(anchor)
  }
  const isNumber = operand.type === 'constant'
  return (
    <Box sx={{ display: 'grid', columnGap: 2, rowGap: 3, gridTemplateColumns: isNumber ? 'minmax(0, 1.25fr) minmax(72px, 1fr)' : 'minmax(0, 1fr)' }}>
      <TextField
        select
        label={label}
        value={current}
        onChange={(event) => {
          const chosen = offered.find(({ id }) => id === event.target.value)
          if (chosen) change(chosen.operand)
        }}
        error={problem !== null && !isNumber}
        helperText={isNumber ? undefined : problem}
      >
        {gone && <MenuItem value={current}>{operandWord(operand, { indicators, catalogue })}</MenuItem>}
        {grouped(offered)}
      </TextField>
      {isNumber && (
        <TextField
          label="Number"
          value={operand.value}
          onChange={(event) => change({ type: 'constant', value: event.target.value })}
          slotProps={{ htmlInput: { inputMode: 'decimal', 'aria-label': `${label}: number` } }}
          error={problem !== null}
          helperText={problem}
        />
      )}
      <OperandDetails label={label} operand={operand} anchor={anchor} all={detailed} onChange={change} />
    </Box>
  )
}

function grouped(offered: readonly Choice[]) {
  return offered.flatMap(({ id, group, label }, index) => [
    ...(offered[index - 1]?.group === group ? [] : [<ListSubheader key={group}>{group}</ListSubheader>]),
    <MenuItem key={id} value={id}>{label}</MenuItem>,
  ])
}
