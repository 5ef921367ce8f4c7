import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from 'react-router'
import { readBotOptions, type BotOut } from '@/api'
import { wallTime } from '@/shared/format/time'
import { paths } from '@/shared/paths'
import { Page } from '@/shared/ui/Page'
import { ErrorState, LoadingRows } from '@/shared/ui/states'
import { StatusChip } from '@/shared/ui/StatusChip'
import { BotActions } from '../BotActions'
import { BotFigures } from './BotFigures'
import { ChartPanel } from './ChartPanel'
import { DecisionsPanel } from './DecisionsPanel'
import { DefinitionPanel } from './DefinitionPanel'
import { PositionsPanel } from './PositionsPanel'
import { RejectionAlert } from './RejectionAlert'
import { TradesPanel } from './TradesPanel'
import { useSymbol } from './useSymbol'

/** One bot: what it sees, holds, did and decided. */
export function BotPage() {
  const { botId = '' } = useParams()
  const { data: bot, error, refetch } = useQuery(readBotOptions({ path: { bot_id: botId } }))
  const navigate = useNavigate()
  return (
    <Page
      title={bot?.name ?? 'Bot'}
      beside={bot && <StatusChip bot={bot} />}
      actions={bot && <BotActions bot={bot} onDeleted={() => void navigate(paths.bots)} />}
    >
      {error && (!bot || error.response?.status === 404) ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : bot ? (
        <Detail bot={bot} />
      ) : (
        <LoadingRows rows={8} />
      )}
    </Page>
  )
}

function Detail({ bot }: { bot: BotOut }) {
  const [symbol, setSymbol] = useSymbol(bot)
  return (
    <>
      {bot.status === 'error' && <Alert severity="error">This bot stopped with an error: {bot.status_reason}</Alert>}
      {bot.definition_error && <Alert severity="error">{bot.definition_error} Edit the bot and save it anew.</Alert>}
      {bot.next_attempt_at && (
        <Alert severity="warning">
          This bot failed ({bot.failures} in a row) and is tried again at {wallTime(bot.next_attempt_at)}: {bot.status_reason}
        </Alert>
      )}
      <RejectionAlert bot={bot} />
      <BotFigures bot={bot} />
      <Box sx={COLUMNS}>
        <Box sx={COLUMN}>
          <ChartPanel bot={bot} symbol={symbol} onSymbol={setSymbol} />
          <PositionsPanel bot={bot} />
          <TradesPanel bot={bot} />
        </Box>
        <Box sx={COLUMN}>
          <DefinitionPanel bot={bot} />
          <DecisionsPanel bot={bot} symbol={symbol} />
        </Box>
      </Box>
    </>
  )
}

const COLUMNS = { display: 'grid', gap: 4, alignItems: 'start', gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1fr) 400px' } } as const
const COLUMN = { display: 'grid', gap: 4, gridTemplateColumns: 'minmax(0, 1fr)', minWidth: 0 } as const
