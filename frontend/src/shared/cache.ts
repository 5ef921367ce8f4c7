// Reading and patching what the generated queries have cached, by operation and its options.
import type { QueryClient } from '@tanstack/react-query'

interface KeyOptions {
  path?: Record<string, unknown>
  query?: Record<string, unknown>
}

interface GeneratedKey extends KeyOptions {
  _id: string
  _infinite?: boolean
}

/** Replace the cached data of every query of an operation; `patch` sees the options it was asked with. */
export function patchQueries<Data>(
  cache: QueryClient,
  operation: string,
  patch: (data: Data, options: KeyOptions) => Data,
): void {
  for (const query of cache.getQueryCache().findAll({ predicate: (q) => isOf(q.queryKey, operation) })) {
    const options = query.queryKey[0] as GeneratedKey
    const wasInvalidated = query.state.isInvalidated
    cache.setQueryData<Data>(query.queryKey, (data) => data && patch(data, options), {
      // A patch is not a fetch: the age of what was fetched stays.
      updatedAt: query.state.dataUpdatedAt,
    })
    if (wasInvalidated) query.invalidate()
  }
}

/** Whether a query key belongs to one of the operations. */
export function isOf(key: readonly unknown[], ...operations: string[]): boolean {
  const first = key[0]
  if (typeof first !== 'object' || first === null || !('_id' in first)) return false
  return operations.includes(String(first._id)) && !('_infinite' in first)
}

/** Insert or replace a row by id, in the list's order, and cut the list at its limit. */
export function upsert<Row extends { id: string }>(
  rows: readonly Row[],
  row: Row,
  order: (a: Row, b: Row) => number,
  limit: number,
): Row[] {
  return [...rows.filter((other) => other.id !== row.id), row].sort(order).slice(0, limit)
}
