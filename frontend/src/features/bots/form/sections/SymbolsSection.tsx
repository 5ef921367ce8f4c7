import Autocomplete from '@mui/material/Autocomplete'
import Box from '@mui/material/Box'
import Chip from '@mui/material/Chip'
import TextField from '@mui/material/TextField'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useController, useFormContext } from 'react-hook-form'
import { searchSymbolsOptions } from '@/api'
import { useDebounced } from '@/shared/useDebounced'
import { Panel } from '@/shared/ui/Panel'
import { useFormHelp } from '../context'
import type { FormValues } from '../model'
import { messageAt } from '../problems'

/** What the bot trades: chosen from a search, or typed; the server knows which exist. */
export function SymbolsSection() {
  const { control } = useFormContext<FormValues>()
  const { field } = useController({ control, name: 'symbols' })
  const { problems, touch } = useFormHelp()
  const [typed, setTyped] = useState('')
  const names = useSymbolNames(typed)

  const messages = ['symbols', ...field.value.map((_, index) => `symbols.${index}`)].map((anchor) => messageAt(problems, anchor))
  const problem = messages.filter(Boolean).join(' ')
  const change = (symbols: readonly string[]) => {
    field.onChange(symbols.flatMap(split))
    touch('symbols')
  }
  return (
    <Panel title="Symbols">
      <Autocomplete
        multiple
        freeSolo
        filterSelectedOptions
        options={[...names.keys()]}
        filterOptions={(options) => options}
        value={field.value}
        inputValue={typed}
        onInputChange={(_, text) => setTyped(text)}
        onChange={(_, symbols) => change(symbols)}
        onBlur={() => {
          if (typed.trim() !== '') change([...field.value, typed])
          setTyped('')
        }}
        renderOption={({ key, ...props }, symbol) => (
          <li key={key} {...props}>
            <b>{symbol}</b>
            <Box component="span" sx={{ color: 'text.secondary', ml: 2 }}>{names.get(symbol)}</Box>
          </li>
        )}
        renderValue={(symbols, itemProps) =>
          symbols.map((symbol, index) => {
            const { key, ...props } = itemProps({ index })
            return <Chip key={key} size="small" label={symbol} color={messages[index + 1] ? 'error' : 'default'} {...props} />
          })
        }
        renderInput={(params) => (
          <TextField
            {...params}
            label="Symbols"
            error={problem !== ''}
            helperText={problem || 'Search by symbol or name, or type a symbol and press Enter. The bot looks at them in this order.'}
          />
        )}
      />
    </Panel>
  )
}

/** Symbols that match what is typed, with their names. */
function useSymbolNames(typed: string): Map<string, string> {
  const search = useDebounced(typed.trim(), 200)
  const { data } = useQuery({
    ...searchSymbolsOptions({ query: { search, limit: 20 } }),
    placeholderData: keepPreviousData,
  })
  return new Map(data?.map(({ symbol, name }) => [symbol, name]))
}

const split = (text: string): string[] => text.toUpperCase().split(/[\s,;]+/).filter(Boolean)
