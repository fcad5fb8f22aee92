import { config } from "zod";

// Zod compiles its parsers with `new Function` where it may. Our content security policy forbids that, and even asking
// is reported as a violation. This must be loaded before the first contract.
config({ jitless: true });
