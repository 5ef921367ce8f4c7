import MenuItem from '@mui/material/MenuItem'
import TextField from '@mui/material/TextField'
import { useWatch } from 'react-hook-form'
import { longerThan, TIMEFRAMES } from '@/shared/trading/timeframes'
import type { FormValues } from '../model'
import { RareCountField } from './CountField'
import { seriesOf, withChange, withSeries } from './edit'
import type { OperandForm } from './model'

interface Props {
  label: string
  operand: OperandForm
  anchor: string
  /** Whether also what is not set is shown. */
  all: boolean
  onChange: (operand: OperandForm) => void
}

/** Which bar of a series is meant, of which timeframe, or its change over several. */
export function OperandDetails({ label, operand, anchor, all, onChange }: Props) {
  const timeframe = useWatch<FormValues, 'timeframe'>({ name: 'timeframe' })
  const series = seriesOf(operand)
  if (series === null) return null
  const at = operand.type === 'change' ? `${anchor}.of` : anchor
  const offered = longerThan(timeframe)
  const stored = series.type === 'price' ? series.timeframe : null
  return (
    <>
      <RareCountField
        shown={all || series.ago !== '0'}
        label="Bars ago"
        name={`${label}: bars ago`}
        hint="0: the newest bar."
        anchor={`${at}.ago`}
        value={series.ago}
        onChange={(ago) => onChange(withSeries(operand, { ago }))}
      />
      <RareCountField
        shown={all || operand.type === 'change'}
        label="Change over bars"
        name={`${label}: change over bars`}
        hint="In percent. Empty: the value itself."
        anchor={`${anchor}.bars`}
        value={operand.type === 'change' ? operand.bars : ''}
        onChange={(bars) => onChange(withChange(operand, bars))}
      />
      {series.type === 'price' && (all || stored !== null) && (
        <TextField
          select
          label="Timeframe"
          value={stored ?? ''}
          onChange={(event) => onChange(withSeries(operand, { timeframe: offered.find((each) => each === event.target.value) ?? null }))}
          slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true }, htmlInput: { 'aria-label': `${label}: timeframe` } }}
        >
          <MenuItem value="">The bot’s own</MenuItem>
          {stored && !offered.includes(stored) && <MenuItem value={stored}>{TIMEFRAMES[stored]}</MenuItem>}
          {offered.map((each) => <MenuItem key={each} value={each}>{TIMEFRAMES[each]}</MenuItem>)}
        </TextField>
      )}
    </>
  )
}
