import CssBaseline from '@mui/material/CssBaseline'
import { ThemeProvider } from '@mui/material/styles'
import { QueryClientProvider } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { RouterProvider } from 'react-router'
import { ToastProvider } from '@/shared/ui/toast'
import { createCache } from './cache'
import { goLive } from './live'
import { createRouter } from './router'
import { theme } from './theme'

/** The whole page: theme, cache, socket, routes. */
export function App() {
  const [cache] = useState(createCache)
  const [router] = useState(createRouter)
  useEffect(() => goLive(cache), [cache])
  return (
    <ThemeProvider theme={theme} defaultMode="system">
      <CssBaseline enableColorScheme />
      <QueryClientProvider client={cache}>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </QueryClientProvider>
    </ThemeProvider>
  )
}
