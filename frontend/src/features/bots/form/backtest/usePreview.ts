// The unsaved bot, tested while it is typed: debounced, the newest wins, the last result stays in sight.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { apiError, previewBacktest, type BotDefinition, type FieldError, type Preview } from '@/api'
import { useDebounced } from '@/shared/useDebounced'
import { toDefinition, type FormValues } from '../model'
import { withHiddenAsBefore, type RiskForm } from '../risk/model'
import { unsendable } from '../validation'
import { useFormHelp } from '../context'
import { useDays, type Range } from './range'

const SETTLED = 350 // milliseconds without a key

export interface LivePreview {
  /** The newest result there is; `stale` while a newer one is on its way or cannot be had. */
  result: Preview | undefined
  stale: boolean
  testing: boolean
  /** Why what is typed now is not tested. */
  problems: readonly FieldError[]
  failure: string | null
}

/** Test what the form holds over the newest bars. */
export function usePreview(values: FormValues, before: RiskForm, range: Range): LivePreview {
  const { catalogue } = useFormHelp()
  const client = useId()
  const typed = useDebounced(values, SETTLED)
  const unready = unsendable(typed, catalogue)
  const bot = unready.length === 0 ? tested(typed, before) : null
  const days = useDays(range)
  const { data, error, isFetching, isPlaceholderData } = useQuery({
    queryKey: ['preview', bot, days, client],
    queryFn: async ({ signal }) => {
      if (bot === null) throw new Error('nothing to test')
      const { data: found } = await previewBacktest({ body: { ...UNTOUCHED, ...days, bot, client }, signal, throwOnError: true })
      return found
    },
    enabled: bot !== null,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 60_000,
    retry: false,
  })
  const refused = error ? apiError(error) : null
  const problems = unready.length > 0 ? unready : (refused?.fields ?? [])
  return {
    result: data,
    stale: isPlaceholderData || problems.length > 0 || refused !== null || typed !== values,
    testing: isFetching || typed !== values,
    problems,
    failure: refused?.fields.length === 0 && refused.code !== 'PREVIEW_REPLACED' ? refused.detail : null,
  }
}

/** What is sent: its name changes nothing, and must not be a reason for a test or for none. */
function tested(values: FormValues, before: RiskForm): BotDefinition {
  const definition = toDefinition({ ...values, risk_management: withHiddenAsBefore(values.risk_management, before) })
  return { ...definition, name: 'Preview' }
}

const COSTS = {
  preset: 'practice',
  slippage_bps: null,
  slippage_fixed: null,
  spread_bps: null,
  impact: null,
  commission_per_order: null,
  commission_per_share: null,
  commission_percent: null,
  commission_minimum: null,
  regulatory_percent: null,
  regulatory_per_share: null,
  regulatory_per_share_cap: null,
  coin_fee_percent: null,
  borrow_percent: null,
} as const

/** What the panel does not ask about: the server's defaults. */
const UNTOUCHED = { source: 'practice', costs: COSTS, account_equity: null, confidence: false, points: 600, rows: 1000 }
