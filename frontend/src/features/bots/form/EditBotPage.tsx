import Checkbox from '@mui/material/Checkbox'
import FormControlLabel from '@mui/material/FormControlLabel'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { useNavigate, useParams } from 'react-router'
import { listIndicatorsOptions, readBotOptions, readBotQueryKey, updateBotMutation, type BotOut, type IndicatorOut } from '@/api'
import { paths } from '@/shared/paths'
import { Page } from '@/shared/ui/Page'
import { ErrorState, LoadingRows } from '@/shared/ui/states'
import { StatusChip } from '@/shared/ui/StatusChip'
import { useToast } from '@/shared/ui/toast'
import { isAtRest } from '../lifecycle'
import { BotForm } from './BotForm'
import { fromDefinition, type FormValues } from './model'

/** A stored bot's definition, to be changed whether the bot runs or not. */
export function EditBotPage() {
  const { botId = '' } = useParams()
  const bot = useQuery(readBotOptions({ path: { bot_id: botId } }))
  const catalogue = useQuery(listIndicatorsOptions())
  const error = bot.error ?? catalogue.error
  return (
    <Page title={bot.data ? `Edit ${bot.data.name}` : 'Edit bot'} beside={bot.data && <StatusChip bot={bot.data} />}>
      {bot.data && catalogue.data ? (
        <EditBot key={botId} bot={bot.data} catalogue={catalogue.data} />
      ) : error ? (
        <ErrorState error={error} onRetry={() => void (bot.error ? bot : catalogue).refetch()} />
      ) : (
        <LoadingRows rows={8} />
      )}
    </Page>
  )
}

const WHILE_IT_RUNS =
  'The bot goes on while you edit. What you save takes over between two evaluations; what it holds keeps its stop, ' +
  'target and time stop, and a symbol you remove is only sold, never bought again.'

function EditBot({ bot, catalogue }: { bot: BotOut; catalogue: readonly IndicatorOut[] }) {
  const form = useForm<FormValues>({ defaultValues: fromDefinition(bot) })
  const [toOpen, setToOpen] = useState(false)
  const update = useMutation(updateBotMutation())
  const cache = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  return (
    <BotForm
      form={form}
      catalogue={catalogue}
      saveLabel="Save bot"
      cancelTo={paths.bot(bot.id)}
      note={isAtRest(bot) ? undefined : <WhileItRuns toOpen={toOpen} onChange={setToOpen} />}
      draftKey={`bot.${bot.id}.${bot.version}`}
      onSave={async (definition) => {
        const saved = await update.mutateAsync({ path: { bot_id: bot.id }, query: { apply_to_open: toOpen }, body: definition })
        cache.setQueryData(readBotQueryKey({ path: { bot_id: bot.id } }), saved)
        toast({ severity: 'success', text: `${saved.name} is saved.` })
        await navigate(paths.bot(bot.id))
      }}
    />
  )
}

function WhileItRuns({ toOpen, onChange }: { toOpen: boolean; onChange: (value: boolean) => void }) {
  return (
    <>
      {WHILE_IT_RUNS}
      <FormControlLabel
        sx={{ display: 'flex', mt: 1 }}
        control={<Checkbox size="small" checked={toOpen} onChange={(_, value) => onChange(value)} />}
        label="Apply time stop, trailing and break-even to open positions, too; fixed stops and targets stay where they are"
        slotProps={{ typography: { variant: 'body2' } }}
      />
    </>
  )
}
