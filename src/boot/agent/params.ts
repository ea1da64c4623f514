// The kernel's parameters when the guest agent starts the system (agent/README.md): it stands where the user's first program would, and goes on with that.

/** Makes the kernel start the agent. */
export const AGENT_WORD = 'rdinit=/.tsvm/init';
/** What the kernel starts out of an initramfs when nobody says otherwise. */
const DEFAULT_INIT = '/init';
const RDINIT = /(?:^|\s)rdinit=(\S*)/g;

/** The first program that `params` ask for, and `params` without that. */
export function agentParams(params: string): { readonly next: string; readonly params: string } {
  const asked = [...params.matchAll(RDINIT)].at(-1)?.[1];
  return { next: asked || DEFAULT_INIT, params: params.replaceAll(RDINIT, '').trim() };
}

/** The root disk that `params` name (`root=`, `ro` or `rw`, as the kernel reads them), or null. */
export function rootOf(params: string): { readonly device: string; readonly mode: 'ro' | 'rw' } | null {
  const words = params.split(/\s+/);
  const root = words.findLast((word) => word.startsWith('root='))?.slice('root='.length);
  const mode = words.findLast((word) => word === 'ro' || word === 'rw');
  return root?.startsWith('/dev/') ? { device: root, mode: mode === 'rw' ? 'rw' : 'ro' } : null;
}
