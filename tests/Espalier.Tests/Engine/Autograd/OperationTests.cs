using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Devices;

namespace Espalier.Tests.Engine.Autograd;

/// <summary>Every op against its definition; the cases are in <see cref="OperationTable"/>.</summary>
public sealed class OperationTests(OperationTests.Devices devices) : IClassFixture<OperationTests.Devices>
{
    // Differences of h and h/2, extrapolated: their truncation is of order h⁴, and h so large that the rounding of a result
    // in single precision (2⁻²⁴ / h = 1e-6) stays far below the tolerance.
    private const float Step = 1f / 16;
    private const double SlopeTolerance = 1e-3;

    // Sums of up to 127 products, some of them carried through three ops, in another order.
    private const double RoundingTolerance = 1e-5;

    private static readonly (int N, int I, int O)[] Small = [(1, 1, 1), (2, 7, 1), (1, 17, 2), (7, 2, 17), (17, 7, 7)];
    private static readonly (int N, int I, int O)[] Large = [(33, 64, 127), (64, 127, 33), (127, 33, 64)];

    public static TheoryData<string> Operations => [.. All(Small).Select(test => test.Operation).Distinct()];

    public static TheoryData<InstructionSet> AllKernels => [.. Available];

    public static TheoryData<InstructionSet> FastKernels => [.. Available.Where(set => set != InstructionSet.Reference)];

    private static IEnumerable<InstructionSet> Available
        => Enum.GetValues<InstructionSet>().Where(set => set <= InstructionSets.Widest);

    [Fact]
    public void Table_EveryOperation_HasACase()
    {
        IEnumerable<string> operations = typeof(Operation).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Operation)) && !type.IsAbstract).Select(type => type.Name);
        Assert.Equal(operations.Order(), All(Small).Select(test => test.Operation).Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Backward_SmallSizes_IsTheSlopeOfForward(string operation)
        => AssertSlopes(operation, uses: 1);

    [Theory]
    [MemberData(nameof(Operations))]
    public void Backward_OperandsUsedTwice_SumsBothSlopes(string operation)
        => AssertSlopes(operation, uses: 2);

    [Theory]
    [MemberData(nameof(Operations))]
    public void Backward_TwoPasses_DoublesGradientsOfParameters(string operation)
    {
        foreach (OperationCase test in All([(7, 17, 2), (33, 7, 64)]).Where(c => c.Operation == operation && c.HasGradient))
        {
            foreach (CpuDevice device in devices.All)
            {
                using var run = new OperationRun(test, device);
                float[][] once = run.Gradients(), twice = run.Gradients(passes: 2);
                float[][] expected = [.. once.Zip(run.Variables, (g, v) => v.Parameter == null ? g : [.. g.Select(x => 2 * x)])];
                AssertClose($"{test}, {device.Instructions}", expected, twice, RoundingTolerance);
            }
        }
    }

    [Theory]
    [MemberData(nameof(FastKernels))]
    public void Backward_FastKernels_AgreesWithReference(InstructionSet instructions)
    {
        foreach (OperationCase test in All(Large).Where(c => c.HasGradient))
        {
            (float[][] results, float[][] gradients) = devices.Expected(test);
            using var fast = new OperationRun(test, devices.Of(instructions));
            AssertClose($"{test} forward", results, fast.Forward(), RoundingTolerance);
            AssertClose($"{test} backward", gradients, fast.Gradients(), RoundingTolerance);
        }
    }

    [Theory]
    [MemberData(nameof(AllKernels))]
    public void FusedOperation_AgreesWithItsComposedTwin(InstructionSet instructions)
    {
        List<OperationCase> fused = [.. All([.. Small, Large[0]]).Where(c => c.Twin != null)];
        Assert.Equal(
            [nameof(FeedForward), nameof(Linear), nameof(ResidualLayerNorm)], fused.Select(test => test.Operation).Distinct().Order());
        foreach (OperationCase test in fused)
        {
            using var one = new OperationRun(test, devices.Of(instructions));
            using var other = new OperationRun(test.Twin!, isLoss: false, devices.Of(instructions));
            AssertClose($"{test} forward", other.Forward(), one.Forward(), RoundingTolerance);
            AssertClose($"{test} backward", other.Gradients(), one.Gradients(), RoundingTolerance);
        }
    }

    [Theory]
    [MemberData(nameof(AllKernels))]
    public void ProjectedCrossEntropy_AgreesWithLinearAndLogSoftmax(InstructionSet instructions)
    {
        const float Smoothing = 0.1f, Weight = 0.3f;
        foreach ((int n, int h, int classes) in (IEnumerable<(int, int, int)>)[.. Small, Large[0]])
        {
            int[] targets = [.. Enumerable.Range(0, n).Select(row => row * 5 % classes)];
            using var fused = new OperationRun(
                r => [ProjectedCrossEntropy.Apply(
                    r.Tape, r.Input(n, h), r.Matrix(classes, h), r.Vector(classes), r.Tape.Upload(targets), Smoothing, Weight)],
                isLoss: true, devices.Of(instructions));
            using var linear = new OperationRun(
                r => [Linear.Apply(r.Tape, r.Input(n, h), r.Matrix(classes, h), r.Vector(classes))], isLoss: false, devices.Of(instructions));
            (double loss, float[] slopes) = CrossEntropy(linear.Forward()[0], targets, Smoothing, Weight);
            linear.Project([slopes]);
            AssertClose($"loss {n}×{h}×{classes}", [[(float)loss]], fused.Forward(), RoundingTolerance);
            AssertClose($"gradients {n}×{h}×{classes}", linear.Gradients(), fused.Gradients(), RoundingTolerance);
        }
    }

    [Fact]
    public void OperationsWithoutAGradient_Backward_ThrowNamingThemselves()
    {
        OperationCase[] without = [.. All(Small).Where(test => !test.HasGradient)];
        Assert.Equal([nameof(LargestLogProbabilities), nameof(LogSoftmax)], without.Select(test => test.Operation).Distinct());
        foreach (OperationCase test in without)
        {
            using var run = new OperationRun(test, devices.Of(InstructionSet.Reference));
            Assert.Contains(test.Operation, Assert.Throws<NotSupportedException>(() => run.Gradients()).Message, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<OperationCase> All(IEnumerable<(int N, int I, int O)> sizes)
        => sizes.SelectMany(size => OperationTable.Cases(size.N, size.I, size.O));

    private static (double Loss, float[] Slopes) CrossEntropy(float[] logits, int[] targets, double smoothing, double weight)
    {
        int classes = logits.Length / targets.Length;
        double loss = 0;
        float[] slopes = new float[logits.Length];
        for (int row = 0; row < targets.Length; row++)
        {
            double[] z = [.. logits.Skip(row * classes).Take(classes).Select(x => (double)x)];
            double logSum = Math.Log(z.Sum(Math.Exp));
            for (int c = 0; c < classes; c++)
            {
                double wanted = (smoothing / classes) + (c == targets[row] ? 1 - smoothing : 0);
                loss -= weight * wanted * (z[c] - logSum);
                slopes[(row * classes) + c] = (float)(weight * (Math.Exp(z[c] - logSum) - wanted));
            }
        }

        return (loss, slopes);
    }

    private void AssertSlopes(string operation, int uses)
    {
        foreach (OperationCase test in All(Small).Where(c => c.Operation == operation && c.IsSmooth && c.HasGradient))
        {
            using var run = new OperationRun(test, devices.Of(InstructionSet.Reference)) { Uses = uses };
            float[][] gradients = run.Gradients();
            float[][] slopes = [.. run.Variables.Select(v => v.Values.Select((_, i) => (float)Slope(run, v.Values, i)).ToArray())];
            AssertClose(test.ToString(), slopes, gradients, SlopeTolerance);
        }
    }

    private static double Slope(OperationRun run, float[] values, int index)
    {
        float x = values[index];
        double slope = ((4 * Difference(Step / 2)) - Difference(Step)) / 3;
        values[index] = x;
        return slope;

        double Difference(float step)
        {
            (float above, float below) = (x + step, x - step);
            values[index] = above;
            double difference = run.Loss();
            values[index] = below;
            return (difference - run.Loss()) / ((double)above - below);
        }
    }

    // Errors are in proportion to an array's largest element, as elements are sums of terms of that size.
    private static void AssertClose(string what, float[][] expected, float[][] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Length, actual[i].Length);
            double allowed = tolerance * Math.Max(0.1, expected[i].Select(Math.Abs).DefaultIfEmpty().Max());
            for (int j = 0; j < expected[i].Length; j++)
            {
                Assert.True(
                    Math.Abs((double)expected[i][j] - actual[i][j]) <= allowed,
                    $"{what}, array {i}[{j}]: {actual[i][j]:R}, expected {expected[i][j]:R} ± {allowed:G2}");
            }
        }
    }

    /// <summary>A processor with two threads for each kind of kernels.</summary>
    public sealed class Devices : IDisposable
    {
        private readonly Dictionary<string, (float[][] Results, float[][] Gradients)> _expected = [];

        public IReadOnlyList<CpuDevice> All { get; } = [.. Available.Select(set => new CpuDevice(2, set))];

        public CpuDevice Of(InstructionSet instructions) => All.Single(device => device.Instructions == instructions);

        /// <summary>What the plain kernels give, computed once for all others.</summary>
        internal (float[][] Results, float[][] Gradients) Expected(OperationCase test)
        {
            if (!_expected.TryGetValue(test.ToString(), out var expected))
            {
                using var run = new OperationRun(test, Of(InstructionSet.Reference));
                _expected.Add(test.ToString(), expected = (run.Forward(), run.Gradients()));
            }

            return expected;
        }

        public void Dispose()
        {
            foreach (CpuDevice device in All)
            {
                device.Dispose();
            }
        }
    }
}
