import Box from '@mui/material/Box'
import FormControlLabel from '@mui/material/FormControlLabel'
import FormHelperText from '@mui/material/FormHelperText'
import InputAdornment from '@mui/material/InputAdornment'
import Switch from '@mui/material/Switch'
import TextField from '@mui/material/TextField'
import { useId, type ReactNode } from 'react'
import { useController, useFormContext, useWatch } from 'react-hook-form'
import { useFormHelp, useProblem, useTextField } from '../context'
import type { FormValues } from '../model'
import { FIELDS, FLAGS, type RiskFlag, type RiskNumber } from './fields'
import { isShown } from './model'

/** Those of the fields that what is chosen gives a meaning, side by side. */
export function RiskFields({ names }: { names: readonly (RiskNumber | RiskFlag)[] }) {
  const risk = useWatch<FormValues, 'risk_management'>({ name: 'risk_management' })
  return names
    .filter((name) => isShown(name, risk))
    .map((name) => (isFlag(name) ? <FlagField key={name} name={name} /> : <NumberField key={name} name={name} />))
}

const isFlag = (name: RiskNumber | RiskFlag): name is RiskFlag => name in FLAGS

function NumberField({ name }: { name: RiskNumber }) {
  const { label, help, unit, whole } = FIELDS[name]
  const sign = unit && <InputAdornment position={unit === '$' ? 'start' : 'end'}>{unit}</InputAdornment>
  return (
    <TextField
      label={label}
      slotProps={{
        htmlInput: { inputMode: whole ? 'numeric' : 'decimal' },
        input: unit === '$' ? { startAdornment: sign } : { endAdornment: sign },
      }}
      {...useTextField(`risk_management.${name}`, help)}
    />
  )
}

function FlagField({ name }: { name: RiskFlag }) {
  const { control } = useFormContext<FormValues>()
  const { field } = useController({ control, name: `risk_management.${name}` })
  const { touch } = useFormHelp()
  const problem = useProblem(field.name)
  const id = useId()
  const { label, help } = FLAGS[name]
  return (
    <Box>
      <FormControlLabel
        label={label}
        sx={{ minHeight: 38, mr: 0 }}
        control={
          <Switch
            size="small"
            checked={field.value}
            slotProps={{ input: { 'aria-describedby': id } }}
            onChange={(_, on) => {
              field.onChange(on)
              touch(field.name)
            }}
          />
        }
      />
      <FormHelperText id={id} error={problem !== null} sx={{ mt: 0 }}>{problem ?? help}</FormHelperText>
    </Box>
  )
}

/** Fields that belong together, two beside each other where there is room. */
export const FieldGrid = ({ children }: { children: ReactNode }) => <Box sx={GRID}>{children}</Box>

const GRID = {
  display: 'grid',
  gap: 3,
  alignItems: 'start',
  gridTemplateColumns: { xs: 'minmax(0, 1fr)', sm: 'repeat(2, minmax(0, 1fr))' },
} as const
