using System.Reflection;
using Espalier.Engine.Kernels;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>The fast kernels against their definition; the cases are in <see cref="KernelTable"/>.</summary>
public sealed class KernelTests : IClassFixture<KernelTests.Comparison>
{
    private readonly Comparison _comparison;

    public KernelTests(Comparison comparison) => _comparison = comparison;

    public static TheoryData<string> Kernels => [.. KernelTable.Cases.Select(test => test.Kernel).Distinct()];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void FastKernel_EveryCase_AgreesWithReference(string kernel)
    {
        List<string> faults = [.. KernelTable.Cases.Where(test => test.Kernel == kernel).SelectMany(_comparison.Kernels.Faults)];
        Assert.True(faults.Count == 0, $"{faults.Count} faults\n{string.Join('\n', faults.Take(20))}");
    }

    [Fact]
    public void Table_EveryKernel_HasACase()
    {
        IEnumerable<string> kernels = typeof(IKernels).GetMethods(BindingFlags.Public | BindingFlags.Instance).Select(m => m.Name);
        Assert.Empty(kernels.Except(KernelTable.Cases.Select(test => test.Kernel)));
    }

    public sealed class Comparison : IDisposable
    {
        internal KernelComparison Kernels { get; } = new(KernelComparison.Available, [1, 3]);

        public void Dispose() => Kernels.Dispose();
    }
}
