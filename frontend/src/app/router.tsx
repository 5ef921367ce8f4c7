import { createBrowserRouter } from 'react-router'
import { CrashPage } from './CrashPage'
import { NotFoundPage } from './NotFoundPage'
import { Shell } from './shell/Shell'

/** Every address and its page; pages are loaded when they are first opened. */
export const createRouter = () =>
  createBrowserRouter([
    {
      path: '/',
      element: <Shell />,
      errorElement: <CrashPage />,
      hydrateFallbackElement: <></>,
      children: [
        {
          errorElement: <CrashPage />,
          children: [
            { index: true, lazy: async () => ({ Component: (await import('@/features/dashboard/DashboardPage')).DashboardPage }) },
            {
              path: 'bots',
              children: [
                { index: true, lazy: async () => ({ Component: (await import('@/features/bots/list/BotsPage')).BotsPage }) },
                { path: 'new', lazy: async () => ({ Component: (await import('@/features/bots/form/NewBotPage')).NewBotPage }) },
                { path: ':botId', lazy: async () => ({ Component: (await import('@/features/bots/detail/BotPage')).BotPage }) },
                { path: ':botId/edit', lazy: async () => ({ Component: (await import('@/features/bots/form/EditBotPage')).EditBotPage }) },
              ],
            },
            { path: '*', element: <NotFoundPage /> },
          ],
        },
      ],
    },
  ])
