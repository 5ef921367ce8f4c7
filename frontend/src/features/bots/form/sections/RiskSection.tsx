import Box from '@mui/material/Box'
import InputAdornment from '@mui/material/InputAdornment'
import TextField from '@mui/material/TextField'
import { Panel } from '@/shared/ui/Panel'
import { useTextField } from '../context'
import type { FormValues } from '../model'

/** How much it risks; an empty field where none is allowed means none. */
export function RiskSection() {
  return (
    <Panel title="Size and risk">
      <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: { xs: '1fr', sm: 'repeat(2, 1fr)' } }}>
        <RiskField name="position_percent" label="Position size" unit="%" hint="Of the bot’s equity, in each position." />
        <RiskField name="max_open_positions" label="Max open positions" hint="How many symbols it may hold at once." />
        <RiskField name="stop_loss_percent" label="Stop-loss" unit="%" hint="Sells when the price is this far below the decision. Empty: none." />
        <RiskField name="take_profit_percent" label="Take-profit" unit="%" hint="Sells when the price is this far above it. Empty: none." />
        <RiskField name="daily_loss_limit_percent" label="Daily loss limit" unit="%" hint="No more buying that day at this loss. Empty: none." />
      </Box>
    </Panel>
  )
}

interface FieldProps {
  name: keyof FormValues['risk_management']
  label: string
  hint: string
  unit?: string
}

function RiskField({ name, label, hint, unit }: FieldProps) {
  return (
    <TextField
      label={label}
      slotProps={{
        htmlInput: { inputMode: 'decimal' },
        input: { endAdornment: unit && <InputAdornment position="end">{unit}</InputAdornment> },
      }}
      {...useTextField(`risk_management.${name}`, hint)}
    />
  )
}
