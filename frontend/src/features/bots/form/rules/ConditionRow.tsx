import Box from '@mui/material/Box'
import MenuItem from '@mui/material/MenuItem'
import TextField from '@mui/material/TextField'
import type { ReactNode } from 'react'
import { useFormHelp } from '../context'
import { ProblemNote } from '../ProblemNote'
import { CountField } from './CountField'
import { comparedBy, wayOf, WAYS, type Way } from './edit'
import type { ComparingForm, OperandForm } from './model'
import { OperandField } from './OperandField'

interface Props {
  rule: ComparingForm
  path: string
  onChange: (rule: ComparingForm) => void
  /** Whether the rarely needed fields are shown. */
  detailed: boolean
  /** Stands below the comparison. */
  held: ReactNode
  buttons: ReactNode
}

/** One comparison: a value, how, and with what. */
export function ConditionRow({ rule, path, onChange, detailed, held, buttons }: Props) {
  const { touch } = useFormHelp()
  const operand = (label: string, name: string, value: OperandForm, change: (next: OperandForm) => void) => (
    <OperandField label={label} operand={value} anchor={`${path}.${name}`} detailed={detailed} onChange={change} />
  )
  return (
    <Box sx={{ display: 'grid', gap: 1 }}>
      <Box sx={ROW}>
        {rule.type === 'condition'
          ? operand('Left value', 'left', rule.left, (left) => onChange({ ...rule, left }))
          : operand('Left value', 'value', rule.value, (value) => onChange({ ...rule, value }))}
        <Box sx={COLUMN}>
          <TextField
            select
            label="Comparison"
            value={wayOf(rule)}
            onChange={(event) => {
              onChange(comparedBy(rule, event.target.value as Way))
              touch(path)
            }}
          >
            {Object.entries(WAYS).map(([way, words]) => (
              <MenuItem key={way} value={way}>{words}</MenuItem>
            ))}
          </TextField>
          {held}
        </Box>
        <Box sx={COLUMN}>
          {rule.type === 'condition' && operand('Right value', 'right', rule.right, (right) => onChange({ ...rule, right }))}
          {rule.type === 'between' && operand('Lower bound', 'low', rule.low, (low) => onChange({ ...rule, low }))}
          {rule.type === 'between' && operand('Upper bound', 'high', rule.high, (high) => onChange({ ...rule, high }))}
          {rule.type === 'trend' && (
            <CountField
              label="For bars"
              name="For bars"
              hint="Each of them further than the one before."
              anchor={`${path}.bars`}
              value={rule.bars}
              onChange={(bars) => onChange({ ...rule, bars })}
            />
          )}
        </Box>
        {buttons}
      </Box>
      <ProblemNote anchor={path} />
    </Box>
  )
}

const ROW = {
  display: 'grid',
  columnGap: 2,
  rowGap: 3,
  alignItems: 'start',
  gridTemplateColumns: { xs: 'minmax(0, 1fr)', sm: 'minmax(0, 1.05fr) minmax(0, 1.2fr) minmax(0, 1.65fr) auto' },
} as const
const COLUMN = { display: 'grid', gap: 3, gridTemplateColumns: 'minmax(0, 1fr)' } as const
