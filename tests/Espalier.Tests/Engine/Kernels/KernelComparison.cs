using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Kernels.Reference;
using Espalier.Engine.Kernels.Simd;
using Espalier.Engine.Threading;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>
/// Runs cases with the fast kernels of some instruction sets and holds the results against the definition: each with
/// some numbers of threads and with buffers at the end, at the beginning and off the alignment of guarded memory.
/// </summary>
internal sealed class KernelComparison : IDisposable
{
    /// <summary>Rounding errors of single precision (2⁻²⁴ = 6e-8) and of approximated functions, as a multiple of the terms' size.</summary>
    private const double Tolerance = 1e-6;

    private readonly ReferenceKernels _reference = new();
    private readonly GuardedPool[] _pools = [.. Enum.GetValues<Placement>().Select(placement => new GuardedPool(placement))];
    private readonly List<(string Name, WorkerTeam Team, GuardedScratch Scratch, IKernels Kernels)> _fast = [];

    public KernelComparison(IEnumerable<InstructionSet> sets, int[] threads)
    {
        foreach (InstructionSet set in sets)
        {
            foreach (int count in threads)
            {
                var team = new WorkerTeam(count);
                var scratch = new GuardedScratch(count);
                _fast.Add(($"{set}, {count} threads", team, scratch, Create(set, team, scratch)));
            }
        }
    }

    /// <summary>Every instruction set with kernels of its own that this process can run in hardware.</summary>
    public static IEnumerable<InstructionSet> Available
        => Enum.GetValues<InstructionSet>().Where(set => set != InstructionSet.Reference && set <= InstructionSets.Widest);

    /// <summary>What is wrong in a case; empty when nothing is.</summary>
    public List<string> Faults(KernelCase test)
    {
        List<string> faults = [];
        var operands = new Operands();
        List<Operands.Result> expected = Run(test, _reference, operands, _pools[0]);
        foreach (Operands.Result result in expected)
        {
            if (result.Values.Any(value => !float.IsFinite(value) && !Operands.IsUnwritten(value)))
            {
                faults.Add($"{test}, reference: {result.Name} is not finite");
            }
        }

        foreach ((string name, _, GuardedScratch scratch, IKernels kernels) in _fast)
        {
            scratch.Spoil();
            List<Operands.Result>? first = null;
            foreach (GuardedPool pool in _pools)
            {
                List<Operands.Result> actual = Run(test, kernels, operands, pool);
                string? fault = Difference(expected, actual) ?? (first is null ? null : ChangedBits(first, actual));
                first ??= actual;
                if (fault is not null)
                {
                    faults.Add($"{test}, {name}, {pool.Placement}: {fault}");
                }
            }
        }

        return faults;
    }

    public void Dispose()
    {
        foreach ((_, WorkerTeam team, GuardedScratch scratch, _) in _fast)
        {
            team.Dispose();
            scratch.Dispose();
        }

        foreach (GuardedPool pool in _pools)
        {
            pool.Dispose();
        }
    }

    // Not through CpuDevice, which refuses what the processor lacks: the software fallback of vectors is tested too.
    private static IKernels Create(InstructionSet set, WorkerTeam team, WorkerScratch scratch) => set switch
    {
        InstructionSet.Vector128 => new SimdKernels<Lanes128, Tile128>(team, scratch),
        InstructionSet.Vector256 => new SimdKernels<Lanes256, Tile256>(team, scratch),
        InstructionSet.Vector512 => new SimdKernels<Lanes512, Tile512>(team, scratch),
        _ => throw new ArgumentOutOfRangeException(nameof(set)),
    };

    private static List<Operands.Result> Run(KernelCase test, IKernels kernels, Operands operands, GuardedPool pool)
    {
        operands.Restart(pool);
        test.Run(kernels, operands);
        return operands.Results();
    }

    private static string? Difference(List<Operands.Result> expected, List<Operands.Result> actual)
    {
        foreach ((Operands.Result wanted, Operands.Result got) in expected.Zip(actual))
        {
            for (int i = 0; i < wanted.Values.Length; i++)
            {
                float e = wanted.Values[i], a = got.Values[i];
                double allowed = wanted.Magnitude == 0 ? 0 : Tolerance * (wanted.Magnitude + Math.Abs(e));
                bool same = Operands.IsUnwritten(e) ? Operands.IsUnwritten(a) : Math.Abs((double)a - e) <= allowed;
                if (!same)
                {
                    return $"{wanted.Name}[{i}] is {a:R}, expected {e:R} ± {allowed:G2}";
                }
            }
        }

        return null;
    }

    private static string? ChangedBits(List<Operands.Result> first, List<Operands.Result> second)
    {
        foreach ((Operands.Result one, Operands.Result other) in first.Zip(second))
        {
            for (int i = 0; i < one.Values.Length; i++)
            {
                if (BitConverter.SingleToInt32Bits(one.Values[i]) != BitConverter.SingleToInt32Bits(other.Values[i]))
                {
                    return $"{one.Name}[{i}] is {other.Values[i]:R}, but was {one.Values[i]:R} in the run before";
                }
            }
        }

        return null;
    }
}
