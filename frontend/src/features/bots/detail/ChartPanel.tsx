import FormControlLabel from '@mui/material/FormControlLabel'
import MenuItem from '@mui/material/MenuItem'
import Skeleton from '@mui/material/Skeleton'
import Switch from '@mui/material/Switch'
import TextField from '@mui/material/TextField'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo, useState } from 'react'
import { listPositionsOptions, listTradesOptions, type BotOut, type PositionOut } from '@/api'
import type { Level } from '@/shared/charts/CandleChart'
import { useBars } from '@/shared/charts/useBars'
import { TIMEFRAMES } from '@/shared/trading/timeframes'
import { Panel } from '@/shared/ui/Panel'
import { EmptyState, ErrorState } from '@/shared/ui/states'

const HEIGHT = 420
const CandleChart = lazy(async () => ({ default: (await import('@/shared/charts/CandleChart')).CandleChart }))

interface Props {
  bot: BotOut
  symbol: string
  onSymbol: (symbol: string) => void
}

/** The market as the bot sees it, with what it did there. */
export function ChartPanel({ bot, symbol, onSymbol }: Props) {
  const [timeframe, setTimeframe] = useState(bot.timeframe)
  const { candles, error, refetch } = useBars(symbol, timeframe)
  const { data: trades } = useQuery(listTradesOptions({ query: { bot_id: bot.id, symbol, limit: 500 } }))
  const { data: positions } = useQuery(listPositionsOptions({ query: { bot_id: bot.id, is_open: true, limit: 100 } }))
  const position = positions?.items.find((held) => held.symbol === symbol)
  const levels = useLevels(position)
  const [fitLevels, setFitLevels] = useState(false)
  return (
    <Panel
      title={`${symbol} chart`}
      aside={
        <>
          {levels.length > 0 && (
            <FormControlLabel
              label="Fit levels"
              control={<Switch size="small" checked={fitLevels} onChange={(_, on) => setFitLevels(on)} />}
              slotProps={{ typography: { variant: 'body2' } }}
              sx={{ mr: 0 }}
            />
          )}
          <Choice label="Symbol" value={symbol} options={bot.symbols.map((s) => [s, s])} onChange={onSymbol} />
          <Choice label="Bars" value={timeframe} options={Object.entries(TIMEFRAMES)} onChange={(value) => setTimeframe(value as BotOut['timeframe'])} />
        </>
      }
    >
      {candles ? (
        candles.length > 0 ? (
          <Suspense fallback={<Skeleton variant="rounded" height={HEIGHT} />}>
            <CandleChart symbol={symbol} timeframe={timeframe} candles={candles} trades={trades?.items ?? NONE} levels={levels} fitLevels={fitLevels} height={HEIGHT} />
          </Suspense>
        ) : (
          <EmptyState title={`No bars of ${symbol} yet`}>They appear as soon as the market has traded it for one bar.</EmptyState>
        )
      ) : error ? (
        <ErrorState error={error} onRetry={refetch} />
      ) : (
        <Skeleton variant="rounded" height={HEIGHT} />
      )}
    </Panel>
  )
}

const NONE: never[] = []

/** The lines of an open position; the same ones until a price of theirs changes. */
function useLevels(position: PositionOut | undefined): readonly Level[] {
  const { entry_price: entry, stop_loss_price: stop, take_profit_price: target } = position ?? {}
  return useMemo(() => {
    const lines: [Level['kind'], string | null | undefined][] = [['entry', entry], ['stop', stop], ['target', target]]
    return lines.flatMap(([kind, value]) => (value ? [{ kind, price: Number(value) }] : []))
  }, [entry, stop, target])
}

interface ChoiceProps {
  label: string
  value: string
  options: [string, string][]
  onChange: (value: string) => void
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <TextField
      select
      variant="standard"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{ select: { SelectDisplayProps: { 'aria-label': label } }, input: { disableUnderline: true } }}
      sx={{ width: 'auto', '& .MuiSelect-select': { fontSize: '0.8125rem', fontWeight: 600 } }}
    >
      {options.map(([id, words]) => (
        <MenuItem key={id} value={id}>{words}</MenuItem>
      ))}
    </TextField>
  )
}
