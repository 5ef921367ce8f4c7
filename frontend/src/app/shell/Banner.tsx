import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import { age } from '@/shared/format/time'
import { useFreshness } from '@/shared/market/freshness'

/** Says at once, over every page, that what it shows is no longer live, and why. */
export function Banner() {
  const { sentence, word, silence, phaseAge } = useFreshness()
  if (sentence === null) return null
  const since = { Disconnected: phaseAge, Silent: silence }[word as string] ?? null
  return (
    <Alert severity={word === 'Disconnected' || word === 'Engine down' ? 'error' : 'warning'} variant="filled" square sx={{ borderRadius: 0, py: 0 }}>
      {sentence}
      {/* Counts up: shown, but not read out again every second. */}
      {since !== null && <Box component="span" aria-hidden sx={{ opacity: 0.85 }}> ({age(since)} ago)</Box>}
    </Alert>
  )
}
