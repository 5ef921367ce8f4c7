import { QueryClient } from '@tanstack/react-query'
import { retryable } from '@/api'

/** The cache of everything fetched. The socket keeps it fresh; a minute's age is asked for anew on focus. */
export function createCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 60_000,
        retry: (failures, error) => failures < 2 && retryable(error),
      },
      mutations: { retry: false },
    },
  })
}
