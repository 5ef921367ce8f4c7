import { ThemeProvider } from '@mui/material/styles'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render } from '@testing-library/react'
import { createMemoryRouter, RouterProvider, type RouteObject } from 'react-router'
import { theme } from '@/app/theme'
import { ToastProvider } from '@/shared/ui/toast'

export const testCache = () =>
  new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity }, mutations: { retry: false } } })

/** Render routes at an address, with everything around them that the app has but the socket. */
export function renderRoutes(routes: RouteObject[], at: string, cache = testCache()) {
  const router = createMemoryRouter(routes, { initialEntries: [at] })
  const view = render(
    <ThemeProvider theme={theme}>
      <QueryClientProvider client={cache}>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </QueryClientProvider>
    </ThemeProvider>,
  )
  return { ...view, router, cache }
}
