using System.Globalization;
using System.Runtime.InteropServices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Kernels.Reference;
using Espalier.Engine.Kernels.Simd;
using Espalier.Engine.Memory;
using Espalier.Engine.Threading;

namespace Espalier.Engine.Devices;

/// <summary>
/// This machine's processor: managed kernels on a team of threads. One caller at a time: to work from several threads at
/// once, open a device in each.
/// </summary>
public sealed unsafe class CpuDevice : Device
{
    /// <summary>Environment variable that sets the number of threads.</summary>
    public const string ThreadsVariable = "ESPALIER_THREADS";

    /// <summary>Environment variable that sets the kernels: reference, vector128, vector256 or vector512.</summary>
    public const string KernelsVariable = "ESPALIER_KERNELS";

    private readonly WorkerTeam _team;

    /// <summary>Opens the processor.</summary>
    /// <param name="threads">Number of threads; 0 takes <see cref="ThreadsVariable"/> or else every core.</param>
    /// <param name="instructions">Which kernels; null takes <see cref="KernelsVariable"/> or else the widest that this
    /// processor has.</param>
    /// <exception cref="ArgumentException">An environment variable has a value that means nothing, or asks for
    /// instructions that this processor lacks.</exception>
    public CpuDevice(int threads = 0, InstructionSet? instructions = null)
    {
        Instructions = instructions ?? InstructionsFromEnvironment();
        if (Instructions > InstructionSets.Widest)
        {
            throw new ArgumentException(
                $"kernels {Name(Instructions)} were asked for, but this processor's widest are {Name(InstructionSets.Widest)}");
        }

        _team = new WorkerTeam(threads > 0 ? threads : ThreadsFromEnvironment());
        Kernels = Instructions switch
        {
            InstructionSet.Vector512 => new SimdKernels<Lanes512, Tile512>(_team),
            InstructionSet.Vector256 => new SimdKernels<Lanes256, Tile256>(_team),
            InstructionSet.Vector128 => new SimdKernels<Lanes128, Tile128>(_team),
            _ => new ReferenceKernels(),
        };
    }

    /// <summary>The kernels in use.</summary>
    public InstructionSet Instructions { get; }

    /// <summary>The number of threads in use, the caller's included.</summary>
    public int Threads => _team.Size;

    /// <summary>The threads, for tests that look into them.</summary>
    internal WorkerTeam Team => _team;

    /// <inheritdoc/>
    public override string Description => $"cpu, {Name(Instructions)}, {Threads} threads";

    /// <inheritdoc/>
    public override IKernels Kernels { get; }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _team.Dispose();
        (Kernels as IDisposable)?.Dispose();
    }

    /// <inheritdoc/>
    protected internal override nint AllocateBytes(long bytes)
    {
        void* memory = NativePages.Allocate(bytes);
        NativeMemory.Clear(memory, (nuint)bytes);
        return (nint)memory;
    }

    /// <inheritdoc/>
    protected internal override void FreeBytes(nint address) => NativePages.Free((void*)address);

    /// <inheritdoc/>
    protected override void UploadBytes(ReadOnlySpan<byte> source, nint target)
        => source.CopyTo(new Span<byte>((void*)target, source.Length));

    /// <inheritdoc/>
    protected override void DownloadBytes(nint source, Span<byte> target)
        => new ReadOnlySpan<byte>((void*)source, target.Length).CopyTo(target);

    private static string Name(InstructionSet set) => set.ToString().ToLowerInvariant();

    private static int ThreadsFromEnvironment()
    {
        string? text = Environment.GetEnvironmentVariable(ThreadsVariable);
        if (string.IsNullOrEmpty(text))
        {
            return Math.Min(Environment.ProcessorCount, WorkerTeam.Largest);
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads is >= 1 and <= WorkerTeam.Largest
            ? threads
            : throw new ArgumentException($"{ThreadsVariable} is '{text}'; expected a number from 1 to {WorkerTeam.Largest}");
    }

    private static InstructionSet InstructionsFromEnvironment()
    {
        string? text = Environment.GetEnvironmentVariable(KernelsVariable);
        if (string.IsNullOrEmpty(text))
        {
            return InstructionSets.Widest;
        }

        // A list of names would be their numbers or-ed.
        return char.IsLetter(text[0]) && !text.Contains(',') && Enum.TryParse(text, ignoreCase: true, out InstructionSet set)
            ? set
            : throw new ArgumentException(
                $"{KernelsVariable} is '{text}'; expected one of {string.Join(", ", Enum.GetNames<InstructionSet>()).ToLowerInvariant()}");
    }
}
