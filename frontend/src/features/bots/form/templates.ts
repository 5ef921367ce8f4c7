// What a new bot starts from when no template is chosen.
import type { BotDefinition, TemplateOut } from '@/api'

/** The template that fills in nothing: it takes its numbers from the first of the server's. */
export function emptyTemplate({ definition }: TemplateOut): TemplateOut {
  const nothing: BotDefinition = {
    ...definition,
    name: '',
    symbols: [],
    timeframe: '1Min',
    indicators: [],
    rules: { entry: { type: 'all', of: [] }, exit: null, short_entry: null, short_exit: null },
  }
  return {
    id: 'empty',
    name: 'Empty',
    audience: 'For those who know what they want.',
    behaviour: 'Nothing is filled in: build it from the ground.',
    risks: '',
    sentences: {},
    definition: nothing,
  }
}
