// The addresses of the pages, in one place, so that links and routes cannot differ.
export const paths = {
  dashboard: '/',
  bots: '/bots',
  newBot: '/bots/new',
  bot: (id: string) => `/bots/${id}`,
  editBot: (id: string) => `/bots/${id}/edit`,
} as const
