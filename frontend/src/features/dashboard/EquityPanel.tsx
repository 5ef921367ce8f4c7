import { useQuery } from '@tanstack/react-query'
import Skeleton from '@mui/material/Skeleton'
import Typography from '@mui/material/Typography'
import { lazy, Suspense } from 'react'
import { readEquityOptions } from '@/api'
import { marketDay } from '@/shared/format/time'
import { Panel } from '@/shared/ui/Panel'
import { EmptyState, ErrorState } from '@/shared/ui/states'

const HEIGHT = 260
const EquityChart = lazy(async () => ({ default: (await import('@/shared/charts/EquityChart')).EquityChart }))

/** The account's equity over market time, growing as the market runs. */
export function EquityPanel() {
  const { data: points, error, refetch } = useQuery(readEquityOptions({ query: { points: 500 } }))
  const first = points?.[0]
  return (
    <Panel
      title="Equity curve"
      aside={first && <Typography variant="caption" sx={{ color: 'text.secondary' }}>USD since {marketDay(first.at)}</Typography>}
    >
      {points ? (
        points.length > 1 ? (
          <Suspense fallback={<Skeleton variant="rounded" height={HEIGHT} />}>
            <EquityChart points={points} height={HEIGHT} />
          </Suspense>
        ) : (
          <EmptyState title="The curve begins with the first minutes of the market.">
            It shows what the account is worth, minute by minute, as long as Flotilla runs.
          </EmptyState>
        )
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Skeleton variant="rounded" height={HEIGHT} />
      )}
    </Panel>
  )
}
