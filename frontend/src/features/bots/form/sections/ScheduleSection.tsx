import Box from '@mui/material/Box'
import FormControlLabel from '@mui/material/FormControlLabel'
import FormHelperText from '@mui/material/FormHelperText'
import MenuItem from '@mui/material/MenuItem'
import Switch from '@mui/material/Switch'
import TextField from '@mui/material/TextField'
import { useController, useFormContext, useWatch } from 'react-hook-form'
import { TIMEFRAMES } from '@/shared/trading/timeframes'
import { Panel } from '@/shared/ui/Panel'
import { useFormHelp, useProblem, useTextField } from '../context'
import type { FormValues } from '../model'

const MINUTES = [1, 5, 15, 30, 60]

/** When the bot looks: its bars, how often it decides, and in which hours it may open positions. */
export function ScheduleSection() {
  const frequency = useTextField('trading_frequency', 'How often the rules are checked.')
  return (
    <Panel title="Time">
      <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: { xs: '1fr', sm: '1fr 1fr' } }}>
        <TextField select label="Timeframe" {...useTextField('timeframe', 'The length of a bar that indicators and rules see.')}>
          {Object.entries(TIMEFRAMES).map(([value, words]) => (
            <MenuItem key={value} value={value}>{words}</MenuItem>
          ))}
        </TextField>
        <TextField
          select
          label="Trading frequency"
          slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
          {...frequency}
        >
          <MenuItem value="">At the end of every bar</MenuItem>
          {frequencies(frequency.value).map((minutes) => (
            <MenuItem key={minutes} value={String(minutes * 60)}>
              {minutes === 1 ? 'Every minute' : `Every ${minutes} minutes`}
            </MenuItem>
          ))}
        </TextField>
        <TradingWindow />
      </Box>
    </Panel>
  )
}

/** The usual choices, and the stored one when it is another. */
function frequencies(current: string): number[] {
  const minutes = Number(current) / 60
  return minutes > 0 && !MINUTES.includes(minutes) ? [...MINUTES, minutes].sort((a, b) => a - b) : MINUTES
}

function TradingWindow() {
  const { control } = useFormContext<FormValues>()
  const { field } = useController({ control, name: 'window.all_day' })
  const allDay = useWatch({ control, name: 'window.all_day' })
  const problem = useProblem('window')
  const { touch } = useFormHelp()
  return (
    <Box role="group" aria-label="Trading window" sx={{ gridColumn: '1 / -1', display: 'flex', flexWrap: 'wrap', gap: 3, alignItems: 'flex-start' }}>
      <FormControlLabel
        sx={{ minHeight: 38, mr: 0 }}
        control={
          <Switch
            size="small"
            checked={field.value}
            onChange={(_, checked) => {
              field.onChange(checked)
              touch('window')
            }}
          />
        }
        label="Trade all day"
      />
      {!allDay && (
        <>
          <HourField name="window.start" label="From (New York)" />
          <HourField name="window.end" label="Until (New York)" />
        </>
      )}
      {problem && <FormHelperText error data-problem tabIndex={-1}>{problem}</FormHelperText>}
      {!allDay && (
        <FormHelperText sx={{ flexBasis: '100%', mt: 0 }}>
          Opens positions only in these hours; exit rules, stops and targets work at any time. The exchange is open from 09:30 to 16:00.
        </FormHelperText>
      )}
    </Box>
  )
}

function HourField({ name, label }: { name: 'window.start' | 'window.end'; label: string }) {
  return (
    <TextField
      type="time"
      label={label}
      slotProps={{ inputLabel: { shrink: true } }}
      sx={{ width: 170 }}
      {...useTextField(name)}
    />
  )
}
