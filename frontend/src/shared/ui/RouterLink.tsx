import Link, { type LinkProps } from '@mui/material/Link'
import { Link as Route } from 'react-router'

/** A link inside the app: MUI's look, the router's navigation. */
export function RouterLink({ to, ...props }: Omit<LinkProps, 'href'> & { to: string }) {
  return <Link component={Route} to={to} {...props} />
}
