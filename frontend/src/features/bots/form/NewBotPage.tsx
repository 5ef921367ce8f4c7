import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { useNavigate } from 'react-router'
import { createBotMutation, listIndicatorsOptions, listTemplatesOptions, readBotQueryKey, type IndicatorOut, type TemplateOut } from '@/api'
import { paths } from '@/shared/paths'
import { Page } from '@/shared/ui/Page'
import { ErrorState, LoadingRows } from '@/shared/ui/states'
import { useToast } from '@/shared/ui/toast'
import { BotForm } from './BotForm'
import { fromDefinition, type FormValues } from './model'
import { TemplatePicker } from './TemplatePicker'
import { emptyTemplate } from './templates'

/** A new bot, started from a template. */
export function NewBotPage() {
  const indicators = useQuery(listIndicatorsOptions())
  const templates = useQuery(listTemplatesOptions())
  const error = indicators.error ?? templates.error
  const [first, ...others] = templates.data ?? []
  const retry = () => {
    void indicators.refetch()
    void templates.refetch()
  }
  return (
    <Page title="New bot">
      {indicators.data && first ? (
        <NewBot catalogue={indicators.data} templates={[first, ...others, emptyTemplate(first)]} />
      ) : error ? (
        <ErrorState error={error} onRetry={retry} />
      ) : (
        <LoadingRows rows={8} />
      )}
    </Page>
  )
}

interface Props {
  catalogue: readonly IndicatorOut[]
  templates: readonly [TemplateOut, ...TemplateOut[]]
}

function NewBot({ catalogue, templates }: Props) {
  const [template, setTemplate] = useState(templates[0])
  const form = useForm<FormValues>({ defaultValues: fromDefinition(template.definition) })
  const create = useMutation(createBotMutation())
  const cache = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const choose = (chosen: TemplateOut) => {
    setTemplate(chosen)
    form.reset(fromDefinition(chosen.definition))
  }
  return (
    <>
      <TemplatePicker templates={templates} chosen={template} filledIn={form.formState.isDirty} onChoose={choose} />
      <BotForm
        key={template.id}
        form={form}
        catalogue={catalogue}
        saveLabel="Create bot"
        cancelTo={paths.bots}
        draftKey={`new.${template.id}`}
        onSave={async (definition) => {
          const bot = await create.mutateAsync({ body: { ...definition, account_id: null } })
          cache.setQueryData(readBotQueryKey({ path: { bot_id: bot.id } }), bot)
          toast({ severity: 'success', text: `${bot.name} is created. Start it when you are ready.` })
          await navigate(paths.bot(bot.id))
        }}
      />
    </>
  )
}
