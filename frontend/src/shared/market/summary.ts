import { useQuery } from '@tanstack/react-query'
import { readSummaryOptions } from '@/api'

/** The account, the market and every bot's figures. Pushed by the socket, and asked for when it is silent. */
export const useSummary = () => useQuery({ ...readSummaryOptions(), refetchInterval: 5000 })
