// The validator, told not to compile code: the content security policy forbids eval, and trying it
// would be reported as a violation.
import * as z from "zod/mini";

z.config({ jitless: true });

export { z };
