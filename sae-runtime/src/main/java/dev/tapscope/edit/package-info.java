/**
 * The language of interventions: {@code OP TARGET [VALUE] [@SCOPE]}.
 *
 * <pre>{@code
 * steer NAME/INDEX VALUE         h += VALUE * W_dec[INDEX]
 * ablate NAME/INDEX              h -= f[INDEX] * W_dec[INDEX]
 * clamp NAME/INDEX VALUE         h += (VALUE - f[INDEX]) * W_dec[INDEX]
 * clamp-active NAME/INDEX VALUE  the same, where the feature is active
 * splice NAME                    h := f @ W_dec + b_dec, f as edited
 * splice NAME error              h, as edited: reconstruction plus its exact error
 * zero ADDRESS                   h := 0
 * mean ADDRESS FILE              h := the mean in FILE, or over the rows of a run folder
 * add ADDRESS FILE               h += the vector in FILE
 * patch ADDRESS [@SCOPE] from RUN#SEQUENCE@WHERE   h := a row of another run
 * }</pre>
 *
 * <p>A value is {@code 40} (in the site's units), {@code 1.25x} (times the feature's maximum in the
 * SAE's statistics) or {@code 0.5n} (times the site's mean norm there).
 *
 * <p>A FILE is {@code .npy} or {@code .safetensors} and holds a vector {@code [width]} or {@code
 * [1, width]}; of several tensors the one named by the address is taken. Its path reaches to the
 * scope or the end of the edit; a path that holds {@code @} after a space is written in double
 * quotes. WHERE is {@code last} (of the prompt), {@code N}, or {@code A..B}, which goes to a scope
 * of as many positions, one to one. Several edits of one address without an SAE are applied in the
 * order of their numbers.
 */
package dev.tapscope.edit;
