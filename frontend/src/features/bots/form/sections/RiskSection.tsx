import Box from '@mui/material/Box'
import Typography from '@mui/material/Typography'
import { useFormContext, useWatch } from 'react-hook-form'
import { Panel } from '@/shared/ui/Panel'
import type { FormValues } from '../model'
import { ProblemNote } from '../ProblemNote'
import { ENTRY_ORDERS, SIZINGS, STOPS, TARGETS, type RiskNumber } from '../risk/fields'
import { KindField } from '../risk/KindField'
import { FieldGrid, RiskFields } from '../risk/RiskFields'
import { RiskGroup } from '../risk/RiskGroup'
import { capWords, haltWords, scaleWords, timeWords, trailWords } from '../risk/words'

/** How much it risks: what every bot needs at once, the rest closed with its words. */
export function RiskSection() {
  const risk = useWatch<FormValues, 'risk_management'>({ name: 'risk_management' })
  return (
    <Panel title="Size and risk">
      <Box sx={{ display: 'grid', gap: 3 }}>
        <ProblemNote anchor="risk_management" />
        <Typography variant="h3">How large</Typography>
        <FieldGrid>
          <KindField name="risk_management.sizing" label="Size" kinds={SIZINGS} />
          <RiskFields names={SIZINGS[risk.sizing].fields} />
        </FieldGrid>
        <FieldGrid><RiskFields names={['max_open_positions', 'fixed_capital', 'fractional']} /></FieldGrid>
        <Typography variant="h3">How it opens a position</Typography>
        <FieldGrid>
          <KindField name="risk_management.entry_order" label="Entry" kinds={ENTRY_ORDERS} />
          <RiskFields names={ENTRY_ORDERS[risk.entry_order].fields} />
        </FieldGrid>
        <StopAndTarget />
      </Box>
      <Box sx={{ mt: 4, mb: -3 }}>
        <RiskGroup
          title="Trailing stop and break-even"
          rows={[
            ['trailing_stop_percent', 'trailing_activation_percent', 'trailing_step_percent'],
            ['break_even_percent', 'break_even_offset_percent'],
          ]}
          words={trailWords(risk)}
        />
        <RiskGroup title="Time in a position" rows={[['time_stop_minutes', 'flatten_at_window_end']]} words={timeWords(risk)} />
        <RiskGroup
          title="Limits on losses and entries"
          rows={[
            ['daily_loss_limit_percent', 'daily_loss_flatten'],
            ['max_drawdown_percent', 'max_drawdown_flatten'],
            ['max_trades_per_day', 'max_consecutive_losses'],
            ['cooldown_minutes', 'loss_cooldown_minutes'],
          ]}
          words={haltWords(risk)}
        />
        <RiskGroup
          title="Limits on size"
          rows={[['max_position_account_percent', 'max_position_amount', 'max_symbol_percent', 'max_exposure_percent', 'max_volume_percent']]}
          words={capWords(risk)}
        />
        <RiskGroup title="Adding to a position" rows={[['scale_in_steps', 'scale_in_distance_percent']]} words={scaleWords(risk)} />
      </Box>
    </Panel>
  )
}

/** The kinds of stop and target, each with the one number that belongs to it. */
function StopAndTarget() {
  const risk = useWatch<FormValues, 'risk_management'>({ name: 'risk_management' })
  const { getValues, setValue } = useFormContext<FormValues>()
  const start = ({ field, first }: { field: RiskNumber | null; first?: string }) => {
    if (field && first && getValues(`risk_management.${field}`) === '') {
      setValue(`risk_management.${field}`, first, { shouldDirty: true })
    }
  }
  const own = (field: RiskNumber | null) => (field ? <RiskFields names={[field]} /> : <span />)
  return (
    <>
      <Typography variant="h3">When it ends a position by itself</Typography>
      <FieldGrid>
        <KindField name="risk_management.stop_kind" label="Stop-loss" kinds={STOPS} onChosen={(kind) => start(STOPS[kind])} />
        {own(STOPS[risk.stop_kind].field)}
      </FieldGrid>
      <FieldGrid>
        <KindField name="risk_management.target_kind" label="Take-profit" kinds={TARGETS} onChosen={(kind) => start(TARGETS[kind])} />
        {own(TARGETS[risk.target_kind].field)}
      </FieldGrid>
    </>
  )
}
