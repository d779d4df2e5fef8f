package dev.tapscope.link;

import dev.tapscope.profile.Layer;
import dev.tapscope.profile.Site;
import dev.tapscope.rows.Rows;
import dev.tapscope.run.Shown;
import dev.tapscope.tap.Address;
import java.lang.invoke.MethodHandles.Lookup;

/**
 * How what one woven call passes is to be understood; a record for the reason {@link Reader} is.
 */
record Showing(Site site, Readers readers, Derivation derivation, Addresses addresses) {
  /**
   * @param root static type of the value's root
   */
  static Showing of(Site site, Reader.Captures captures, Class<?> root, Lookup caller) {
    Readers readers = Readers.of(site, captures, root);
    ClassLoader model = caller.lookupClass().getClassLoader();
    Derivation derivation = Derivation.of(site, readers.value(), captures, model);
    return new Showing(site, readers, derivation, new Addresses(site.name()));
  }

  /** What one call has passed. */
  Shown of(Object[] captures) {
    return new Passed(captures);
  }

  private boolean previous() {
    return site.layer().orElseThrow() instanceof Layer.Previous;
  }

  private final class Passed implements Shown {
    private final Object[] captures;

    Passed(Object[] captures) {
      this.captures = captures;
    }

    @Override
    public int layer(Layers seen) throws Throwable {
      if (!readers.layer().present()) {
        return seen.latest();
      }
      int number = readers.layer().readInt(captures);
      // The layer named has begun, also where the value still belongs to the one before it.
      seen.enter(number);
      return previous() ? before(number) : number;
    }

    private int before(int number) {
      return number > 0 ? number - 1 : NONE;
    }

    @Override
    public Address address(int number) {
      return addresses.of(number);
    }

    @Override
    public int first(int otherwise) throws Throwable {
      return readers.position().present() ? readers.position().readInt(captures) : otherwise;
    }

    @Override
    public Object cache() throws Throwable {
      return readers.cache().read(captures);
    }

    @Override
    public Rows rows(Object tensor) throws Throwable {
      return derivation.rows(readers.value().readFrom(tensor, captures), captures);
    }
  }
}
