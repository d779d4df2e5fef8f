package dev.tapscope.cuda;

/** What a step computes on the way to the parameters: by feature, and for so many rows. */
final class StepArrays {
  /** Features that a thread goes over for what goes through the input, at least. */
  private static final int FEATURES_OF_A_PART = 128;

  /** Parts of what goes through the input there are at most, but for rounding. */
  private static final int PARTS = 256;

  /** Rows whose errors a thread of {@code sums_of_batch} adds. */
  private static final int ROWS_OF_A_PART = 64;

  /** Threads of a block that has a feature each. */
  static final int VECTOR_THREADS = 256;

  /** Where what {@code sums_of_batch} has given away lies among the counters. */
  private static final int GIVEN_AT = StepResult.BYTES;

  /** How many pieces of long lists there are, beside it. */
  private static final int PIECES_AT = GIVEN_AT + Integer.BYTES;

  /** How many blocks of a launch have come to its end, beside it. */
  private static final int ARRIVED_AT = PIECES_AT + Integer.BYTES;

  private static final int HISTOGRAM_AT = 2 * StepResult.BYTES;

  private final int inputs;
  private final int features;
  private final int outputs;
  private final DeviceArray values;
  private final DeviceArray counters;
  private final DeviceArray starts;
  private final DeviceArray sizes;
  private final DeviceArray biasGradient;
  private final DeviceArray thresholdByErrors;
  private final DeviceArray thresholdByPenalty;
  private final DeviceArray byLength;
  private final DeviceArray featureActive;
  private final DeviceArray firstPiece;
  private final DeviceArray decoderLength;
  private final DeviceArray squares;
  private final DeviceArray parts;
  private final DeviceArray throughParts;
  private final Reusable errors;
  private final Reusable rowActive;
  private final Reusable rowInBand;
  private final Reusable rowUncertain;
  private final Reusable rowSquares;
  private final Reusable rowPenalty;
  private final Reusable errorParts;

  StepArrays(Holdings holdings, int inputs, int features, int outputs, TrainingSettings settings) {
    this.inputs = inputs;
    this.features = features;
    this.outputs = outputs;
    values = holdings.take("what a step is told", StepValues.BYTES);
    counters = holdings.take("counters", HISTOGRAM_AT + ints(features));
    starts = holdings.take("starts of features' lists", ints(features));
    sizes = holdings.take("sizes of features' lists", ints(features));
    biasGradient = holdings.take("the gradient of b_enc", ints(features));
    thresholdByErrors = holdings.take("the gradient of the thresholds", doubles(features));
    thresholdByPenalty = holdings.take("the gradient of the thresholds", doubles(features));
    byLength = holdings.take("the gradient by lengths", ints(features));
    featureActive = holdings.take("counts of features", ints(features));
    firstPiece = holdings.take("pieces of features' lists", ints(features));
    decoderLength =
        holdings.take("lengths of decoder rows", settings.ofLengths() ? ints(features) : 0);
    squares =
        holdings.take("squares of gradients", settings.clip().isPresent() ? doubles(features) : 0);
    parts = holdings.take("parts of sums", doubles(3L * vectorBlocks()));
    throughParts =
        holdings.take(
            "what goes through the input",
            settings.preBias() ? ints((long) throughPartCount() * inputs) : 0);
    errors = holdings.reusable("errors of a batch");
    rowActive = holdings.reusable("counts of rows");
    rowInBand = holdings.reusable("counts of rows");
    rowUncertain = holdings.reusable("counts of rows");
    rowSquares = holdings.reusable("squares of rows");
    rowPenalty = holdings.reusable("penalties of rows");
    errorParts = holdings.reusable("sums of errors");
  }

  /** Bytes by feature, and for so many rows. */
  static long bytes(
      long inputs, long features, long outputs, long rows, TrainingSettings settings) {
    long byFeature = 7 * Integer.BYTES + 2 * Double.BYTES;
    byFeature += settings.ofLengths() ? Float.BYTES : 0;
    byFeature += settings.clip().isPresent() ? Double.BYTES : 0;
    long through = settings.preBias() ? PARTS * inputs * Float.BYTES : 0;
    long byRow = outputs * Float.BYTES + 3 * Integer.BYTES + 2 * Double.BYTES;
    long sums = Math.ceilDiv(rows, (long) ROWS_OF_A_PART) * outputs * Float.BYTES;
    return features * byFeature + through + rows * byRow + sums;
  }

  /**
   * @throws GpuMemoryException when there is not enough
   */
  void makeRoom(int rows) {
    errors.atLeast(ints((long) rows * outputs));
    rowActive.atLeast(ints(rows));
    rowInBand.atLeast(ints(rows));
    rowUncertain.atLeast(ints(rows));
    rowSquares.atLeast(doubles(rows));
    rowPenalty.atLeast(doubles(rows));
    errorParts.atLeast(ints((long) errorPartCount(rows) * outputs));
  }

  /** Blocks of kernels with a thread for every feature and every column of {@code b_dec}. */
  int vectorBlocks() {
    return Math.ceilDiv(Math.max(features, outputs), VECTOR_THREADS);
  }

  /** Features in a part of {@link #throughParts}. */
  int featuresOfAPart() {
    return featuresOfAPart(features);
  }

  static int featuresOfAPart(int features) {
    int rounded = FEATURES_OF_A_PART;
    return Math.ceilDiv(Math.ceilDiv(features, PARTS), rounded) * rounded;
  }

  int throughPartCount() {
    return Math.ceilDiv(features, featuresOfAPart());
  }

  static int errorPartCount(int rows) {
    return Math.ceilDiv(rows, ROWS_OF_A_PART);
  }

  DeviceArray values() {
    return values;
  }

  /** {@link StepResult}, and counters of features; all of it is cleared before a step. */
  DeviceArray counters() {
    return counters;
  }

  long given() {
    return counters.address() + GIVEN_AT;
  }

  long piecesGiven() {
    return counters.address() + PIECES_AT;
  }

  long arrived() {
    return counters.address() + ARRIVED_AT;
  }

  long histogram() {
    return counters.address() + HISTOGRAM_AT;
  }

  DeviceArray starts() {
    return starts;
  }

  DeviceArray sizes() {
    return sizes;
  }

  DeviceArray biasGradient() {
    return biasGradient;
  }

  DeviceArray thresholdByErrors() {
    return thresholdByErrors;
  }

  DeviceArray thresholdByPenalty() {
    return thresholdByPenalty;
  }

  DeviceArray byLength() {
    return byLength;
  }

  DeviceArray featureActive() {
    return featureActive;
  }

  /** Where the sums of a long list's pieces begin, or -1. */
  DeviceArray firstPiece() {
    return firstPiece;
  }

  /** Filled where the penalty depends on lengths. */
  DeviceArray decoderLength() {
    return decoderLength;
  }

  DeviceArray squares() {
    return squares;
  }

  DeviceArray parts() {
    return parts;
  }

  DeviceArray throughParts() {
    return throughParts;
  }

  DeviceArray errors() {
    return errors.array();
  }

  DeviceArray rowActive() {
    return rowActive.array();
  }

  DeviceArray rowInBand() {
    return rowInBand.array();
  }

  DeviceArray rowUncertain() {
    return rowUncertain.array();
  }

  DeviceArray rowSquares() {
    return rowSquares.array();
  }

  DeviceArray rowPenalty() {
    return rowPenalty.array();
  }

  DeviceArray errorParts() {
    return errorParts.array();
  }

  int inputs() {
    return inputs;
  }

  int features() {
    return features;
  }

  int outputs() {
    return outputs;
  }

  static long ints(long count) {
    return count * Integer.BYTES;
  }

  static long doubles(long count) {
    return count * Double.BYTES;
  }
}
