import { paths } from '../paths'
import { RouterLink } from '../ui/RouterLink'

interface Props {
  id: string
  name: string
  variant?: 'inherit' | 'caption'
}

/** A bot's name as a link, on one line: a long one ends in dots and is whole in its tooltip. */
export function BotName({ id, name, variant = 'inherit' }: Props) {
  return (
    <RouterLink to={paths.bot(id)} title={name} variant={variant} noWrap sx={{ display: 'block' }}>
      {name}
    </RouterLink>
  )
}
