import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import MenuItem from '@mui/material/MenuItem'
import Skeleton from '@mui/material/Skeleton'
import TextField from '@mui/material/TextField'
import Typography from '@mui/material/Typography'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { drawChart, type IndicatorOut, type IndicatorUseModel, type Preview } from '@/api'
import { StudyChart } from '@/shared/charts/StudyChart'
import { studyLines, tradeMarks } from '@/shared/charts/studies'
import { ErrorState } from '@/shared/ui/states'
import { useFormHelp } from '../context'
import { toDefinition, type FormValues } from '../model'

const BARS = 2000
const HEIGHT = 280

/** The symbol's bars with the bot's indicators, and where it bought and sold. */
export function PreviewChart({ result, values }: { result: Preview; values: FormValues }) {
  const { catalogue } = useFormHelp()
  const [chosen, setSymbol] = useState(result.symbols[0] ?? '')
  const symbol = result.symbols.includes(chosen) ? chosen : (result.symbols[0] ?? '')
  const trades = result.trades.filter((trade) => trade.symbol === symbol)
  const [step, setStep] = useState<number | null>(null)
  const at = step === null ? null : Math.max(0, Math.min(step, trades.length - 1))
  const focus = at === null ? undefined : trades[at]?.entry_time
  const { indicators, timeframe } = useDrawn(values, catalogue)
  const { data, error, refetch } = useQuery({
    queryKey: ['chart', symbol, timeframe, indicators, result.source, result.first, result.last, focus],
    queryFn: async ({ signal }) => {
      const body = { symbol, timeframe, indicators, source: result.source, first: result.first, last: result.last, around: focus ?? null, bars: BARS }
      return (await drawChart({ body, signal, throwOnError: true })).data
    },
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
  const lines = useMemo(() => (data ? studyLines(data.lines, indicators, catalogue) : []), [data, indicators, catalogue])
  const marks = useMemo(() => (data ? tradeMarks(result.markers.filter((marker) => marker.symbol === symbol), data) : []), [data, result.markers, symbol])
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton variant="rounded" height={HEIGHT} />
  return (
    <Box>
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 1, mb: 1, flexWrap: 'wrap' }}>
        {result.symbols.length > 1 && (
          <TextField select variant="standard" value={symbol} onChange={(event) => setSymbol(event.target.value)} slotProps={{ select: { SelectDisplayProps: { 'aria-label': 'Symbol of the chart' } }, input: { disableUnderline: true } }} sx={{ width: 'auto' }}>
            {result.symbols.map((one) => <MenuItem key={one} value={one}>{one}</MenuItem>)}
          </TextField>
        )}
        <Box sx={{ flexGrow: 1 }} />
        <Typography variant="caption" sx={{ color: 'text.secondary' }}>
          {trades.length === 0 ? 'No trades' : at === null ? `${trades.length} trades` : `Trade ${at + 1} of ${trades.length}`}
        </Typography>
        <Button disabled={trades.length === 0 || at === 0} onClick={() => setStep((at ?? trades.length) - 1)}>Earlier trade</Button>
        <Button disabled={at === null || at >= trades.length - 1} onClick={() => setStep((at ?? 0) + 1)}>Later trade</Button>
      </Box>
      <StudyChart
        label={`${symbol}, bars of ${timeframe} with ${lines.length} indicator lines and ${marks.length} fills`}
        bars={data.bars}
        lines={lines}
        marks={marks}
        focus={focus === undefined ? undefined : Date.parse(focus) / 1000}
        height={HEIGHT}
      />
    </Box>
  )
}

interface Drawn {
  indicators: IndicatorUseModel[]
  timeframe: FormValues['timeframe']
}

/** What the chart is asked for; the same object until something of it changes. */
function useDrawn(values: FormValues, catalogue: readonly IndicatorOut[]): Drawn {
  const key = JSON.stringify([values.indicators, values.timeframe])
  return useMemo(() => {
    const known = new Set(catalogue.map(({ name }) => name))
    const { indicators, timeframe } = toDefinition(values)
    return { indicators: indicators.filter(({ name }) => known.has(name)), timeframe }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- what it depends on is in the key
  }, [key, catalogue])
}
