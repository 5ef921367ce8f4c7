import Autocomplete, { createFilterOptions } from '@mui/material/Autocomplete'
import Box from '@mui/material/Box'
import IconButton from '@mui/material/IconButton'
import MenuItem from '@mui/material/MenuItem'
import TextField from '@mui/material/TextField'
import Tooltip from '@mui/material/Tooltip'
import Typography from '@mui/material/Typography'
import { useState } from 'react'
import { useFieldArray, useFormContext, useWatch } from 'react-hook-form'
import type { IndicatorOut } from '@/api'
import { longerThan, TIMEFRAMES } from '@/shared/trading/timeframes'
import { DeleteIcon } from '@/shared/ui/icons'
import { Panel } from '@/shared/ui/Panel'
import { useFormHelp, useProblem, useTextField } from '../context'
import { newIndicator, type FormValues, type IndicatorForm } from '../model'
import { ProblemNote } from '../ProblemNote'

/** The indicators that the rules may speak of, with their numbers. */
export function IndicatorsSection() {
  const { control, getValues } = useFormContext<FormValues>()
  const { fields, append, remove } = useFieldArray({ control, name: 'indicators', keyName: 'key' })
  const { catalogue, touch } = useFormHelp()
  return (
    <Panel title="Indicators">
      <Box sx={{ display: 'grid', gap: 3 }}>
        {fields.length === 0 && (
          <Typography variant="body2" sx={{ color: 'text.secondary' }}>
            None yet. Rules can compare prices with fixed numbers; most bots look at an indicator.
          </Typography>
        )}
        {fields.map((use, index) => (
          <IndicatorRow
            key={use.key}
            use={use}
            index={index}
            entry={catalogue.find(({ name }) => name === use.name)}
            onRemove={() => {
              remove(index)
              touch('indicators')
            }}
          />
        ))}
        <ProblemNote anchor="indicators" />
        <AddIndicator
          catalogue={catalogue}
          onAdd={(entry) => {
            append(newIndicator(entry, getValues('indicators')))
            touch('indicators')
          }}
        />
      </Box>
    </Panel>
  )
}

interface RowProps {
  use: IndicatorForm
  index: number
  entry: IndicatorOut | undefined
  onRemove: () => void
}

function IndicatorRow({ use, index, entry, onRemove }: RowProps) {
  const problem = useProblem(`indicators.${index}`)
  return (
    <Box role="group" aria-label={`Indicator ${use.id}`} sx={{ display: 'grid', gap: 2, gridTemplateColumns: '1fr auto', alignItems: 'start' }}>
      <Box>
        <Typography variant="h3">
          {entry?.title ?? use.name}{' '}
          <Box component="span" sx={{ color: 'text.secondary', fontWeight: 400 }}>as {use.id}</Box>
        </Typography>
        <Typography variant="caption" sx={{ color: 'text.secondary' }}>{entry?.explanation}</Typography>
      </Box>
      <Tooltip title={`Remove ${use.id}`}>
        <IconButton aria-label={`Remove indicator ${use.id}`} onClick={onRemove}><DeleteIcon fontSize="small" /></IconButton>
      </Tooltip>
      <Box sx={{ gridColumn: '1 / -1', display: 'flex', flexWrap: 'wrap', gap: 2 }}>
        {Object.keys(use.params).map((name) => (
          <ParameterField key={name} index={index} name={name} parameter={entry?.parameters.find((p) => p.name === name)} />
        ))}
        {entry?.source && <SourceField index={index} />}
        <TimeframeField index={index} />
      </Box>
      {problem && <ProblemNote anchor={`indicators.${index}`} />}
    </Box>
  )
}

interface ParameterProps {
  index: number
  name: string
  parameter: IndicatorOut['parameters'][number] | undefined
}

function ParameterField({ index, name, parameter }: ParameterProps) {
  const path = `indicators.${index}.params.${name}` as const
  if (parameter?.type === 'choice') return <Choice path={path} label={parameter.label} choices={parameter.choices} />
  return <NumberField path={path} label={parameter?.label ?? name} parameter={parameter} />
}

type ParameterPath = `indicators.${number}.params.${string}` | `indicators.${number}.source`

function NumberField({ path, label, parameter }: { path: ParameterPath; label: string; parameter: ParameterProps['parameter'] }) {
  const hint = parameter && `${parameter.minimum} to ${parameter.maximum}`
  return (
    <TextField
      label={label}
      slotProps={{ htmlInput: { inputMode: parameter?.type === 'float' ? 'decimal' : 'numeric' } }}
      sx={{ width: 160 }}
      {...useTextField(path, hint)}
    />
  )
}

function Choice({ path, label, choices }: { path: ParameterPath; label: string; choices: readonly string[] }) {
  return (
    <TextField select label={label} sx={{ width: 160 }} {...useTextField(path)}>
      {choices.map((name) => <MenuItem key={name} value={name}>{name}</MenuItem>)}
    </TextField>
  )
}

const SOURCES: readonly IndicatorForm['source'][] = ['close', 'open', 'high', 'low', 'hl2', 'hlc3', 'ohlc4', 'volume']

function SourceField({ index }: { index: number }) {
  return <Choice path={`indicators.${index}.source`} label="Source" choices={SOURCES} />
}

/** The bars it is computed on: those that the rules look at, or longer ones. */
function TimeframeField({ index }: { index: number }) {
  const own = useWatch<FormValues, 'timeframe'>({ name: 'timeframe' })
  const path = `indicators.${index}.timeframe` as const
  const field = useTextField(path)
  const offered: string[] = longerThan(own)
  const stored = field.value !== '' && !offered.includes(field.value) ? [field.value] : []
  return (
    <TextField select label="Bars of" sx={{ width: 160 }} slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }} {...field}>
      <MenuItem value="">The bot’s own</MenuItem>
      {[...stored, ...offered].map((each) => <MenuItem key={each} value={each}>{TIMEFRAMES[each as keyof typeof TIMEFRAMES]}</MenuItem>)}
    </TextField>
  )
}

/** Found by any of the names that people know it by. */
const search = createFilterOptions<IndicatorOut>({
  limit: 50,
  stringify: ({ name, title, aliases }) => [name, title, ...aliases].join(' '),
})

function AddIndicator({ catalogue, onAdd }: { catalogue: readonly IndicatorOut[]; onAdd: (entry: IndicatorOut) => void }) {
  const [typed, setTyped] = useState('')
  return (
    <Autocomplete
      options={catalogue}
      filterOptions={search}
      value={null}
      blurOnSelect
      inputValue={typed}
      onInputChange={(_, text, reason) => setTyped(reason === 'input' ? text : '')}
      onChange={(_, entry) => entry && onAdd(entry)}
      getOptionLabel={({ name, title }) => `${name} ${title}`}
      renderOption={({ key, ...props }, { name, title }) => (
        <li key={key} {...props}>
          <b>{name}</b>
          <Box component="span" sx={{ color: 'text.secondary', ml: 2 }}>{title}</Box>
        </li>
      )}
      renderInput={(params) => <TextField {...params} label="Add indicator" placeholder="RSI, MACD, …" />}
    />
  )
}
