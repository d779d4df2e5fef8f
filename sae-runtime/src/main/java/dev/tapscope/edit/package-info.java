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
 * }</pre>
 *
 * <p>A value is {@code 40} (in the site's units), {@code 1.25x} (times the feature's maximum in the
 * SAE's statistics) or {@code 0.5n} (times the site's mean norm there).
 */
package dev.tapscope.edit;
