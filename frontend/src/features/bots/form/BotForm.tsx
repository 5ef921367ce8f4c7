import Alert from '@mui/material/Alert'
import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import Paper from '@mui/material/Paper'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { FormProvider, type UseFormReturn } from 'react-hook-form'
import { Link } from 'react-router'
import { apiError, type BotDefinition, type IndicatorOut } from '@/api'
import { count } from '@/shared/format/numbers'
import { FormHelpContext } from './context'
import { DraftNote } from './DraftNote'
import { forget, useDraft } from './draft'
import { BacktestPanel } from './backtest/BacktestPanel'
import { InWords } from './InWords'
import { LeaveGuard } from './LeaveGuard'
import { toDefinition, type FormValues } from './model'
import { withHiddenAsBefore } from './risk/model'
import { placeErrors, withoutTouched, type Problem } from './problems'
import { BasicsSection } from './sections/BasicsSection'
import { IndicatorsSection } from './sections/IndicatorsSection'
import { RiskSection } from './sections/RiskSection'
import { RuleSection, ShortSide } from './sections/RuleSection'
import { ScheduleSection } from './sections/ScheduleSection'
import { SymbolsSection } from './sections/SymbolsSection'
import { unsendable } from './validation'

interface Props {
  form: UseFormReturn<FormValues>
  catalogue: readonly IndicatorOut[]
  saveLabel: string
  /** What saving means now. */
  note?: ReactNode
  cancelTo: string
  /** What a draft of this form is called in this browser. */
  draftKey: string
  /** Rejects with the API's error; the form shows it at its fields. */
  onSave: (definition: BotDefinition) => Promise<unknown>
}

/** A bot's whole definition on one page, with what it says in words beside it. */
export function BotForm({ form, catalogue, saveLabel, note, cancelTo, draftKey, onSave }: Props) {
  const saved = useRef(false)
  const draft = useDraft(form, draftKey)
  const { element, problems, failure, saving, submit, touch } = useSubmit(form, catalogue, async (definition) => {
    saved.current = true // before the page leaves; a refusal takes it back
    await onSave(definition).catch((refusal: unknown) => {
      saved.current = false
      throw refusal
    })
    forget(draftKey)
  })
  return (
    <FormProvider {...form}>
      <FormHelpContext value={{ problems, touch, catalogue }}>
        <LeaveGuard dirty={form.formState.isDirty} saved={saved} onDiscard={draft.discard} />
        {draft.leftAgo !== null && <DraftNote ago={draft.leftAgo} onRestore={draft.restore} onDiscard={draft.discard} />}
        <Box component="form" ref={element} noValidate aria-label="Bot" onSubmit={submit} sx={LAYOUT}>
          <Box sx={{ display: 'grid', gap: 4, gridTemplateColumns: 'minmax(0, 1fr)' }}>
            <BasicsSection />
            <SymbolsSection />
            <ScheduleSection />
            <IndicatorsSection />
            <RuleSection side="entry" />
            <RuleSection side="exit" />
            <ShortSide />
            <RiskSection />
          </Box>
          <Box sx={ASIDE}>
            <Box sx={READ}>
              <BacktestPanel />
              <InWords />
            </Box>
            <Paper sx={SAVE_BAR}>
              {note && <Alert severity="info">{note}</Alert>}
              <FailureNote failure={failure} problems={problems} />
              <Box sx={{ display: 'flex', gap: 2 }}>
                <Button type="submit" variant="contained" loading={saving}>
                  {saveLabel}
                </Button>
                <Button component={Link} to={cancelTo}>Cancel</Button>
              </Box>
            </Paper>
          </Box>
        </Box>
      </FormHelpContext>
    </FormProvider>
  )
}

/** Sending, and what came back: problems at fields, or a failure of the whole. */
function useSubmit(form: UseFormReturn<FormValues>, catalogue: Props['catalogue'], onSave: Props['onSave']) {
  const element = useRef<HTMLFormElement>(null)
  const [problems, setProblems] = useState<readonly Problem[]>([])
  const [failure, setFailure] = useState<string | null>(null)
  const [attempt, setAttempt] = useState(0)
  const [saving, setSaving] = useState(false)

  // After an attempt that failed, the first field that needs attention has the focus.
  useEffect(() => {
    if (attempt > 0) firstInvalid(element.current)?.focus()
  }, [attempt])

  const fail = (next: readonly Problem[], sentence: string) => {
    setProblems(next)
    setFailure(sentence)
    setAttempt((n) => n + 1)
  }
  const save = async (typed: FormValues) => {
    const before = form.formState.defaultValues as FormValues
    const values = { ...typed, risk_management: withHiddenAsBefore(typed.risk_management, before.risk_management) }
    const unready = unsendable(values, catalogue)
    if (unready.length > 0) {
      fail(placeErrors(unready, values), 'Not saved.')
      return
    }
    setSaving(true)
    try {
      setFailure(null)
      setProblems([])
      await onSave(toDefinition(values))
    } catch (thrown) {
      const { fields, detail } = apiError(thrown)
      fail(placeErrors(fields, values), fields.length > 0 ? 'Not saved.' : `Not saved: ${detail}`)
    } finally {
      setSaving(false)
    }
  }
  return {
    element,
    problems,
    failure,
    saving,
    submit: (event: React.SyntheticEvent) => void form.handleSubmit(save)(event),
    touch: (anchor: string) => setProblems((known) => withoutTouched(known, anchor)),
  }
}

function firstInvalid(form: HTMLFormElement | null): HTMLElement | null {
  return form?.querySelector<HTMLElement>('[aria-invalid="true"], [data-problem]') ?? null
}

function FailureNote({ failure, problems }: { failure: string | null; problems: readonly Problem[] }) {
  if (failure === null) return null
  const unplaced = problems.filter(({ anchor }) => anchor === '')
  const placed = problems.length - unplaced.length
  return (
    <Alert severity="error">
      {failure}{' '}
      {placed > 0 && `${count(placed, 'field')} ${placed === 1 ? 'needs' : 'need'} attention.`}{' '}
      {unplaced.map(({ message }) => message).join(' ')}
    </Alert>
  )
}

const LAYOUT = {
  display: 'grid',
  gap: 4,
  alignItems: 'start',
  gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1fr) minmax(400px, 44%)' },
} as const
const ASIDE = { display: { xs: 'contents', lg: 'grid' }, gap: 4, position: { lg: 'sticky' }, top: { lg: 72 } } as const
/** What is read while the form is filled in scrolls by itself; the button below it stays. */
const READ = {
  display: 'grid',
  gap: 4,
  gridTemplateColumns: 'minmax(0, 1fr)',
  minHeight: 0,
  overflowY: { lg: 'auto' },
  maxHeight: { lg: 'calc(100vh - 190px)' },
} as const
const SAVE_BAR = {
  p: 3,
  display: 'grid',
  gap: 2,
  position: { xs: 'sticky', lg: 'static' },
  bottom: { xs: 60, md: 8 },
  zIndex: 2,
} as const
