import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import LinearProgress from '@mui/material/LinearProgress'
import MenuItem from '@mui/material/MenuItem'
import Skeleton from '@mui/material/Skeleton'
import Tab from '@mui/material/Tab'
import Tabs from '@mui/material/Tabs'
import TextField from '@mui/material/TextField'
import Typography from '@mui/material/Typography'
import { lazy, Suspense, useState } from 'react'
import { useFormContext, useWatch } from 'react-hook-form'
import type { Preview } from '@/api'
import { Panel } from '@/shared/ui/Panel'
import type { FormValues } from '../model'
import { Figures } from './Figures'
import { PreviewTrades } from './PreviewTrades'
import { RANGES, type Range } from './range'
import { usePreview, type LivePreview } from './usePreview'

const CURVE_HEIGHT = 170
const CurveChart = lazy(async () => ({ default: (await import('@/shared/charts/CurveChart')).CurveChart }))
const PreviewChart = lazy(async () => ({ default: (await import('./PreviewChart')).PreviewChart }))

const VIEWS = { curve: 'Equity', chart: 'Chart', trades: 'Trades' } as const
type View = keyof typeof VIEWS

/** What the bot, as it is typed now, would have done. */
export function BacktestPanel() {
  const values = useWatch<FormValues>() as FormValues
  const { formState } = useFormContext<FormValues>()
  const [range, setRange] = useState<Range>('quarter')
  const [view, setView] = useState<View>('curve')
  const before = (formState.defaultValues as FormValues).risk_management
  const preview = usePreview(values, before, range)
  const { result, stale, testing } = preview
  return (
    <Panel title="Live backtest" aside={<RangeField range={range} onRange={setRange} />}>
      <Box sx={{ position: 'relative' }} aria-busy={testing}>
        <LinearProgress aria-label="Testing" sx={{ ...PROGRESS, visibility: testing ? 'visible' : 'hidden' }} />
        <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: 'minmax(0, 1fr)' }}>
          <NotTested preview={preview} />
          {result ? (
            <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: 'minmax(0, 1fr)', opacity: stale && !testing ? 0.55 : 1 }}>
              <Figures result={result} />
              <Tabs value={view} onChange={(_, chosen: View) => setView(chosen)} aria-label="Backtest views" sx={TABS}>
                {Object.entries(VIEWS).map(([id, label]) => <Tab key={id} value={id} label={label} sx={TAB} />)}
              </Tabs>
              <Suspense fallback={<Skeleton variant="rounded" height={CURVE_HEIGHT} />}>
                <Body view={view} result={result} values={values} />
              </Suspense>
              <Remarks result={result} />
            </Box>
          ) : (
            preview.problems.length === 0 && preview.failure === null && <Skeleton variant="rounded" height={CURVE_HEIGHT + 120} />
          )}
        </Box>
      </Box>
    </Panel>
  )
}

function Body({ view, result, values }: { view: View; result: Preview; values: FormValues }) {
  switch (view) {
    case 'curve':
      return <CurveChart times={result.curve.times} equity={result.curve.equity} benchmark={result.curve.benchmark} height={CURVE_HEIGHT} />
    case 'chart':
      return <PreviewChart result={result} values={values} />
    case 'trades':
      return <PreviewTrades result={result} />
  }
}

/** Why there is nothing, or why what stands below is of an earlier version of the form. */
function NotTested({ preview: { problems, failure, testing, result } }: { preview: LivePreview }) {
  if (testing) return null
  if (failure !== null) return <Alert severity="warning">{failure}</Alert>
  if (problems.length === 0) return null
  const messages = [...new Set(problems.map(({ message }) => message))]
  return (
    <Alert severity="info">
      {result ? 'This is from before your last change. ' : ''}Not tested yet: {messages.slice(0, 3).join(' ')}
      {messages.length > 3 && ` And ${messages.length - 3} more.`}
    </Alert>
  )
}

/** The result in a sentence, and what has to be known beside it. */
function Remarks({ result: { verdict, remarks } }: { result: Preview }) {
  return (
    <Box sx={{ display: 'grid', gap: 1 }}>
      <Typography variant="body2" sx={{ fontWeight: 600 }}>{verdict.sentence}</Typography>
      {remarks.map((remark) => (
        <Typography key={remark.sentence} variant="body2" sx={{ color: 'text.secondary' }}>{remark.sentence}</Typography>
      ))}
      <Typography variant="caption" sx={{ color: 'text.secondary' }}>
        The same decisions as in trading, filled at the next bar’s open, over stored bars. The dotted line is buying and holding.
      </Typography>
    </Box>
  )
}

function RangeField({ range, onRange }: { range: Range; onRange: (range: Range) => void }) {
  return (
    <TextField
      select
      variant="standard"
      value={range}
      onChange={(event) => onRange(event.target.value as Range)}
      slotProps={{ select: { SelectDisplayProps: { 'aria-label': 'Days to test' } }, input: { disableUnderline: true } }}
      sx={{ width: 'auto', '& .MuiSelect-select': { fontSize: '0.8125rem', fontWeight: 600 } }}
    >
      {Object.entries(RANGES).map(([id, words]) => <MenuItem key={id} value={id}>{words}</MenuItem>)}
    </TextField>
  )
}

const PROGRESS = { position: 'absolute', top: -14, left: -12, right: -12, height: 2 } as const
const TABS = { minHeight: 32, borderBottom: 1, borderColor: 'divider' } as const
const TAB = { minHeight: 32, py: 1, px: 2, minWidth: 0, textTransform: 'none' } as const
