// Which bytes of an ARM program are A32, T32 and data: by its mapping symbols, bit 0 of its functions and of its entry (ELF for the Arm
// Architecture, "Mapping symbols", "Symbol values").
import type { ElfImage } from './elf.ts';
import { SHN_UNDEF, STT_FUNC, STT_NOTYPE } from './elf-constants.ts';

export type ArmCode = 'words' | 'halfwords' | 'data';

const MAPPING: Readonly<Record<string, ArmCode>> = { a: 'words', t: 'halfwords', d: 'data' };

/** What stands at an address: by the symbol before it, in the same segment. */
export function armCodeOf(image: ElfImage): (address: number) => ArmCode {
  const marks: { readonly at: number; readonly kind: ArmCode; readonly isMapping: boolean }[] = [];
  for (const { name, value, type, section } of image.symbols()) {
    if (section === SHN_UNDEF) continue;
    const mapping = type === STT_NOTYPE ? /^\$([atd])(?:\..*)?$/.exec(name)?.[1] : undefined;
    if (mapping !== undefined) marks.push({ at: value, kind: MAPPING[mapping]!, isMapping: true });
    else if (type === STT_FUNC)
      marks.push({ at: value - (value & 1), kind: (value & 1) === 0 ? 'words' : 'halfwords', isMapping: false });
  }
  // Where both stand, the mapping symbol counts.
  marks.sort((left, right) => left.at - right.at || Number(left.isMapping) - Number(right.isMapping));
  const otherwise: ArmCode = (image.entry & 1) === 0 ? 'words' : 'halfwords';
  return (address) => {
    let low = 0;
    let high = marks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (marks[middle]!.at <= address) low = middle + 1;
      else high = middle;
    }
    const mark = marks[low - 1];
    const segment = image.segments.find(({ vaddr, memsz }) => address >= vaddr && address < vaddr + memsz);
    return mark && segment && mark.at >= segment.vaddr ? mark.kind : otherwise;
  };
}
