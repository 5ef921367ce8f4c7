import Box from '@mui/material/Box'
import MenuItem from '@mui/material/MenuItem'
import TextField from '@mui/material/TextField'
import type { ReactNode } from 'react'
import { useFormHelp } from '../context'
import { ProblemNote } from '../ProblemNote'
import type { ConditionForm } from './model'
import { OperandField } from './OperandField'
import { COMPARISONS } from './sentence'

interface Props {
  rule: ConditionForm
  path: string
  onChange: (rule: ConditionForm) => void
  buttons: ReactNode
}

/** One comparison: left, how, right. */
export function ConditionRow({ rule, path, onChange, buttons }: Props) {
  const { touch } = useFormHelp()
  return (
    <Box sx={{ display: 'grid', gap: 1 }}>
      <Box sx={ROW}>
        <OperandField label="Left value" operand={rule.left} anchor={`${path}.left`} onChange={(left) => onChange({ ...rule, left })} />
        <TextField
          select
          label="Comparison"
          value={rule.op}
          onChange={(event) => {
            onChange({ ...rule, op: event.target.value as ConditionForm['op'] })
            touch(path)
          }}
        >
          {Object.entries(COMPARISONS).map(([op, words]) => (
            <MenuItem key={op} value={op}>{words}</MenuItem>
          ))}
        </TextField>
        <OperandField label="Right value" operand={rule.right} anchor={`${path}.right`} onChange={(right) => onChange({ ...rule, right })} />
        {buttons}
      </Box>
      <ProblemNote anchor={path} />
    </Box>
  )
}

const ROW = {
  display: 'grid',
  gap: 2,
  alignItems: 'start',
  gridTemplateColumns: { xs: 'minmax(0, 1fr)', sm: 'minmax(0, 1.2fr) minmax(0, 1fr) minmax(0, 1.6fr) auto' },
} as const
