package dev.tapscope.weave;

import dev.tapscope.profile.Site;

/**
 * The site does not fit the class.
 *
 * @param id short stable name:
 *     <ul>
 *       <li>the class: {@code class-file} damaged, {@code class-version} too old or too new
 *       <li>the method: {@code method-missing}, {@code method-ambiguous} overloads, {@code
 *           method-body} abstract or native, {@code method-size} taps would make it too large,
 *           {@code lambda-count}, {@code lambda-shared} equal lambdas have one body, {@code
 *           body-changed} not the code the tap was written for
 *       <li>the place: {@code call-count}, {@code call-ambiguous}, {@code store-count}, {@code
 *           put-count}, {@code element-count}, {@code loop-count}, {@code exit-missing} never
 *           returns, {@code before-super} the object does not exist yet, {@code around-call} a call
 *           that cannot be left out, {@code around-twice}
 *       <li>an operand: {@code this-missing}, {@code arg-missing}, {@code local-missing}, {@code
 *           local-stale} assigned only behind the call, {@code slot-missing}, {@code
 *           stack-missing}, {@code index-missing}, {@code return-missing}, {@code field-missing},
 *           {@code value-type}
 *     </ul>
 *
 * @param sentence what was wanted, what is there, what to write instead
 */
public record Misfit(Site site, String id, String sentence) implements SiteReport {}
