// Real Linux kernels on board malta, at the size CI can bear; scripts/check-linux.ts runs the same checks at full size.
import { checks } from '../support/linux/checks.ts';
import { linuxSuite } from '../support/linux/suite.ts';

linuxSuite('Linux', checks({ mebibytes: 100, boots: 4 }));
