import Box from '@mui/material/Box'
import { useRef, type ReactNode, type Ref } from 'react'
import { Outlet, ScrollRestoration } from 'react-router'
import { KillSwitchBanner } from '@/features/control/KillSwitchBanner'
import { useFreshness } from '@/shared/market/freshness'
import { Banner } from './Banner'
import { HeaderStrip } from './HeaderStrip'
import { BottomBar, Rail } from './Navigation'

/** Left rail, header strip, content; on a phone the rail is a bar at the bottom. */
export function Shell() {
  const main = useRef<HTMLElement>(null)
  return (
    <Box sx={{ display: 'flex', minHeight: '100dvh', color: 'text.primary' }}>
      <Box component="a" href="#main" sx={SKIP_LINK} onClick={(event) => { event.preventDefault(); main.current?.focus() }}>
        Skip to content
      </Box>
      <Rail />
      <Box sx={{ flexGrow: 1, minWidth: 0, display: 'flex', flexDirection: 'column', pb: { xs: '56px', md: 0 } }}>
        <HeaderStrip />
        <Banner />
        <KillSwitchBanner />
        <Main ref={main}>
          <Outlet />
        </Main>
      </Box>
      <BottomBar />
      <ScrollRestoration />
    </Box>
  )
}

function Main({ ref, children }: { ref: Ref<HTMLElement>; children: ReactNode }) {
  const { stale } = useFreshness()
  return (
    <Box component="main" id="main" ref={ref} tabIndex={-1} data-stale={stale || undefined} sx={MAIN}>
      {children}
    </Box>
  )
}

/** What is stale looks stale: figures lose their colour until news comes. */
const MAIN = {
  flexGrow: 1,
  minWidth: 0,
  outline: 0,
  '&[data-stale] td, &[data-stale] dd, &[data-stale] canvas': { opacity: 0.55, filter: 'grayscale(1)' },
} as const

const SKIP_LINK = {
  position: 'fixed',
  left: 8,
  top: -60,
  zIndex: 'tooltip',
  p: 2,
  bgcolor: 'background.paper',
  '&:focus': { top: 8 },
} as const
