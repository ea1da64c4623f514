// Types of the parts of elf-tools 1.1.2 that boot/elf-headers.ts uses (the package ships none).
declare module 'elf-tools' {
  interface ElfToolsHeader {
    readonly entry: number;
    readonly flags: number;
  }
  interface ElfToolsProgramHeader {
    /** 'load', 'interp', ...; undefined for a p_type that elf-tools does not know. */
    readonly type: string | undefined;
    readonly offset: number;
    readonly vaddr: number;
    readonly paddr: number;
    readonly filesz: number;
    readonly memsz: number;
    /** Names joined with '|': 'execute', 'write', 'read', or 'undefined' for other bits. */
    readonly flags: string;
  }
  interface ElfToolsSectionHeader {
    readonly name: string;
    /** 'symtab', 'strtab', 'nobits', ...; undefined for an sh_type that elf-tools does not know. */
    readonly type: string | undefined;
    readonly addr: number;
    readonly offset: number;
    readonly size: number;
    readonly link: number;
    readonly entsize: number;
  }
  interface ElfToolsImage {
    readonly header: ElfToolsHeader;
    readonly programs: readonly { readonly header: ElfToolsProgramHeader }[];
    readonly sections: readonly { readonly header: ElfToolsSectionHeader }[];
  }
  const elfTools: { parse(image: Buffer): ElfToolsImage };
  export default elfTools;
}
