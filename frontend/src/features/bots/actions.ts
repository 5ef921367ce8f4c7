// Asking for a bot to start, stop or go. Nothing is assumed: the page shows the new state when it is true.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { apiError, deleteBotMutation, pauseBotMutation, resumeBotMutation, startBotMutation, stopBotMutation, type BotOut } from '@/api'
import { isOf } from '@/shared/cache'
import { useToast } from '@/shared/ui/toast'

/** Fetch the bots anew, for when the socket that would tell is down. */
function useRefetch(...operations: string[]) {
  const cache = useQueryClient()
  return () => cache.invalidateQueries({ predicate: ({ queryKey }) => isOf(queryKey, ...operations) })
}

export function useStartBot({ id, name }: Pick<BotOut, 'id' | 'name'>) {
  const refetch = useRefetch('listBots', 'readBot')
  const toast = useToast()
  const { mutate, isPending } = useMutation({
    ...startBotMutation(),
    onError: (thrown) => {
      const { detail, fields } = apiError(thrown)
      const reasons = fields.map(({ message }) => message).join(' ')
      toast({ severity: 'error', text: `${name} is not started: ${reasons || detail}` })
    },
    onSettled: refetch,
  })
  return { start: () => mutate({ path: { bot_id: id } }), starting: isPending }
}

/** Have a running bot open nothing more, or trade again. */
export function usePauseBot({ id, name }: Pick<BotOut, 'id' | 'name'>) {
  const refetch = useRefetch('listBots', 'readBot')
  const toast = useToast()
  const told = {
    onError: (thrown: Error) => toast({ severity: 'error', text: `${name}: ${apiError(thrown).detail}` }),
    onSettled: refetch,
  }
  const pause = useMutation({ ...pauseBotMutation(), ...told })
  const resume = useMutation({ ...resumeBotMutation(), ...told })
  return {
    pause: () => pause.mutate({ path: { bot_id: id } }),
    resume: () => resume.mutate({ path: { bot_id: id } }),
    changing: pause.isPending || resume.isPending,
  }
}

export function useStopBot({ id }: Pick<BotOut, 'id'>) {
  const refetch = useRefetch('listBots', 'readBot')
  const { mutateAsync, isPending, error, reset } = useMutation({ ...stopBotMutation(), onSettled: refetch })
  return {
    stop: (onStop: BotOut['on_stop']) => mutateAsync({ path: { bot_id: id }, body: { on_stop: onStop } }),
    stopping: isPending,
    error,
    reset,
  }
}

export function useDeleteBot({ id }: Pick<BotOut, 'id'>) {
  const refetch = useRefetch('listBots')
  const { mutateAsync, isPending, error, reset } = useMutation({ ...deleteBotMutation(), onSettled: refetch })
  return { remove: () => mutateAsync({ path: { bot_id: id } }), deleting: isPending, error, reset }
}
