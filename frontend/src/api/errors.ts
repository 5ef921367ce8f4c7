// What went wrong with a request, in the one shape the API answers with.
import { isAxiosError } from 'axios'
import type { ErrorOut, FieldError } from './generated/types.gen'

/** A failed request: `status` is 0 when no answer came; `detail` is a sentence for a person. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly fields: readonly FieldError[] = [],
  ) {
    super(detail)
    this.name = 'ApiError'
  }
}

/** Read any thrown value as an ApiError. */
export function apiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  if (!isAxiosError(thrown)) {
    return new ApiError(0, 'PAGE_ERROR', thrown instanceof Error ? thrown.message : 'Something went wrong.')
  }
  const { response } = thrown
  if (!response) {
    return new ApiError(0, 'UNREACHABLE', 'Flotilla does not answer. Is it still running on this machine?')
  }
  if (isErrorOut(response.data)) {
    const { code, detail, errors } = response.data
    return new ApiError(response.status, code, detail, errors)
  }
  return new ApiError(response.status, `HTTP_${response.status}`, unreadable(response.status))
}

/** Whether asking again may help: not for answers that say the request itself is wrong. */
export function retryable(thrown: unknown): boolean {
  const { status } = apiError(thrown)
  return status === 0 || status >= 500
}

function isErrorOut(data: unknown): data is ErrorOut {
  return (
    typeof data === 'object' &&
    data !== null &&
    'code' in data &&
    'detail' in data &&
    typeof data.detail === 'string' &&
    'errors' in data &&
    Array.isArray(data.errors)
  )
}

function unreadable(status: number): string {
  return status >= 500
    ? 'Flotilla met an error of its own; its log says more. Try again in a moment.'
    : 'Flotilla refused the request.'
}
