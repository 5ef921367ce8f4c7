import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import IconButton from '@mui/material/IconButton'
import MenuItem from '@mui/material/MenuItem'
import TextField from '@mui/material/TextField'
import Tooltip from '@mui/material/Tooltip'
import Typography from '@mui/material/Typography'
import type { ReactNode } from 'react'
import { useWatch } from 'react-hook-form'
import { AddIcon, CloseIcon } from '@/shared/ui/icons'
import { useFormHelp } from '../context'
import type { FormValues } from '../model'
import { ProblemNote } from '../ProblemNote'
import { ConditionRow } from './ConditionRow'
import { firstCondition } from './edit'
import { group, not, type GroupForm, type RuleForm } from './model'
import { sentence } from './sentence'

/** Groups may be put into groups down to here; deeper stored ones are shown and kept all the same. */
const DEEPEST = 2

interface Props<Rule extends RuleForm> {
  rule: Rule
  /** Where the rule stands in the request, and so where its problems are shown. */
  path: string
  onChange: (rule: Rule) => void
  depth?: number
}

/** A group of conditions: all of them, or any of them. */
export function GroupEditor({ rule, path, onChange, lead, depth = 0 }: Props<GroupForm> & { lead?: string }) {
  const { touch, catalogue } = useFormHelp()
  const indicators = useWatch<FormValues, 'indicators'>({ name: 'indicators' })
  const change = (of: RuleForm[]) => {
    onChange({ ...rule, of })
    touch(path)
  }
  const start = () => firstCondition(indicators, catalogue)
  return (
    <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 2 }}>
        {lead && <Typography variant="body2">{lead}</Typography>}
        <TextField
          select
          label="Match"
          value={rule.type}
          onChange={(event) => {
            onChange({ ...rule, type: event.target.value as GroupForm['type'] })
            touch(path)
          }}
          sx={{ width: 190 }}
        >
          <MenuItem value="all">all of these hold</MenuItem>
          <MenuItem value="any">any of these holds</MenuItem>
        </TextField>
      </Box>
      <ProblemNote anchor={path} />
      {rule.of.map((member, index) => (
        <MemberEditor
          key={member.key}
          joint={index === 0 ? null : rule.type === 'all' ? 'and' : 'or'}
          rule={member}
          number={index + 1}
          path={`${path}.of.${index}`}
          depth={depth + 1}
          onChange={(next) => onChange({ ...rule, of: rule.of.with(index, next) })}
          onRemove={() => change(rule.of.toSpliced(index, 1))}
        />
      ))}
      <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 2 }}>
        <Button startIcon={<AddIcon />} onClick={() => change([...rule.of, start()])}>Add condition</Button>
        {depth < DEEPEST && (
          <Button startIcon={<AddIcon />} onClick={() => change([...rule.of, group(rule.type === 'all' ? 'any' : 'all', [start()])])}>
            Add group
          </Button>
        )}
      </Box>
    </Box>
  )
}

interface MemberProps extends Props<RuleForm> {
  /** The word between this member and the one before. */
  joint: 'and' | 'or' | null
  number: number
  depth: number
  onRemove: () => void
}

/** A member of a group: a condition, a group of its own, or the opposite of either. */
function MemberEditor({ rule, joint, number, path, depth, onChange, onRemove }: MemberProps) {
  const { touch } = useFormHelp()
  const negated = rule.type === 'not'
  const inner = negated ? rule.of : rule
  const innerPath = negated ? `${path}.of` : path
  const isCondition = inner.type !== 'all' && inner.type !== 'any' && inner.type !== 'not'
  const changeInner = (next: RuleForm) => onChange(negated ? { ...rule, of: next } : next)
  const buttons = (
    <Box sx={{ display: 'flex', gap: 1, alignItems: 'center', justifyContent: 'flex-end' }}>
      <Tooltip describeChild title={negated ? 'Holds when this does not. Press to turn back.' : 'Turn into its opposite'}>
        <Button
          color={negated ? 'warning' : 'inherit'}
          variant={negated ? 'outlined' : 'text'}
          aria-pressed={negated}
          sx={{ minWidth: 0 }}
          onClick={() => {
            onChange(negated ? rule.of : not(rule))
            touch(path)
          }}
        >
          Not
        </Button>
      </Tooltip>
      <Tooltip title="Remove">
        <IconButton aria-label={isCondition ? `Remove condition ${number}` : `Remove group ${number}`} onClick={onRemove}>
          <CloseIcon fontSize="small" />
        </IconButton>
      </Tooltip>
    </Box>
  )
  return (
    <>
      {joint && <Typography variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>{joint}</Typography>}
      <Box role="group" aria-label={`${isCondition ? 'Condition' : 'Group'} ${number}`} sx={isCondition ? undefined : NESTED}>
      {negated && <ProblemNote anchor={path} />}
      {inner.type === 'condition' ? (
        <ConditionRow rule={inner} path={innerPath} onChange={changeInner} buttons={buttons} />
      ) : isCondition ? (
        <InWordsRow rule={inner} path={innerPath} buttons={buttons} />
      ) : (
        <Box sx={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) auto', alignItems: 'start', gap: 2 }}>
          {inner.type === 'not' ? (
            <MemberEditor rule={inner} joint={null} number={1} path={innerPath} depth={depth} onChange={changeInner} onRemove={onRemove} />
          ) : (
            <GroupEditor rule={inner} path={innerPath} depth={depth} onChange={changeInner} />
          )}
          {buttons}
        </Box>
      )}
    </Box>
    </>
  )
}

/** A condition over several bars: it is shown in words, and kept as it is. */
function InWordsRow({ rule, path, buttons }: { rule: RuleForm; path: string; buttons: ReactNode }) {
  const { catalogue } = useFormHelp()
  const indicators = useWatch<FormValues, 'indicators'>({ name: 'indicators' })
  return (
    <Box sx={{ display: 'grid', gap: 1 }}>
      <Box sx={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) auto', alignItems: 'center', gap: 2 }}>
        <Typography variant="body2">{sentence(rule, { indicators, catalogue })}</Typography>
        {buttons}
      </Box>
      <ProblemNote anchor={path} />
    </Box>
  )
}

const NESTED = { p: 3, border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.default' } as const
