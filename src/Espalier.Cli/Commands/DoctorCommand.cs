using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Pipeline.Plans;
using Espalier.Text.Batching;
using Espalier.Training.MicroBatches;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier doctor</c>: what this machine is, how fast it is, and what training a model of some size costs on it.</summary>
internal sealed class DoctorCommand : EspalierCommand
{
    private static readonly PlanLearning AsInAJob = new();

    private readonly Option<int> _layers = Number("--layers", 3, 1, "Layers of the model that is tried");
    private readonly Option<int> _hidden = Number("--hidden", 256, 1, "Width of that model");
    private readonly Option<int> _batch = Number("--batch", AsInAJob.BatchBlocks, 1, "Sequences of an effective batch");
    private readonly Option<int> _length = Number("--sequence-length", 128, 1, "Tokens of a sequence");
    private readonly Option<int> _vocabulary = Vocabulary(8192, 1, "Size of its vocabulary");
    private readonly Option<string?> _memory = Memory();
    private readonly Option<int> _threads = Threads();

    public DoctorCommand(Terminal terminal)
        : base(terminal, "doctor", "Show what this machine is, how fast it is, and what pretraining a model of some size costs on it")
    {
        foreach (Option option in (Option[])[_layers, _hidden, _batch, _length, _vocabulary, _memory, _threads])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        var model = new EncoderConfiguration
        {
            Layers = parsed.GetValue(_layers),
            Hidden = parsed.GetValue(_hidden),
            Vocabulary = parsed.GetValue(_vocabulary),
            MaximumPositions = parsed.GetValue(_length),
        };
        var blocks = new MaskedBlockOptions { BatchBlocks = parsed.GetValue(_batch), BlockTokens = parsed.GetValue(_length), MaskRate = AsInAJob.MaskRate };
        ConfigurationException.ThrowIfAny("the model", model.Validate());
        DoctorReport report = context.Track("measuring", progress =>
        {
            double? load = MachineLoad.Now();
            double one = PeakOnOneThread();
            using var device = new CpuDevice(parsed.GetValue(_threads));
            double peak = PeakThroughput.Measure(device);
            MachineRecord machine = MachineRecord.Here(device.Description, peak);
            long memory = parsed.GetValue(_memory) is { } most ? Quantities.Bytes(most) : MicroBatchNeed.MemoryUnlessGiven;
            MicroBatchChoice choice = MicroBatchSearch.Choose(
                device, MaskedLanguageModelling.Trial(model, blocks), new MicroBatchNeed(blocks.BlockTokens, blocks.BatchBlocks, memory), new PhaseProgress(progress, "training steps"), context.Cancel);
            InstructionSet[] sets = [.. Enum.GetValues<InstructionSet>().Where(set => set <= InstructionSets.Widest)];
            double again = PeakThroughput.Measure(device), best = Math.Max(peak, again);
            var busy = new MachineLoad(load, peak, again, device.Threads, machine.Cores);
            return new DoctorReport(machine, sets, device.Instructions, device.Threads, one, best, busy, CostReport.Of(model, blocks, choice, best));
        });
        context.Report(report, CommandJson.Default.DoctorReport, report.Write);
    }

    private static double PeakOnOneThread()
    {
        using var device = new CpuDevice(threads: 1);
        return PeakThroughput.Measure(device);
    }
}

/// <summary>What training a model costs here.</summary>
/// <param name="Layers">Its layers.</param>
/// <param name="Hidden">Its width.</param>
/// <param name="Parameters">Values of all its parameters.</param>
/// <param name="BatchTokens">Tokens of an effective batch.</param>
/// <param name="StepSeconds">Seconds of a step over one, measured on made-up text.</param>
/// <param name="TokensPerSecond">Tokens of a batch over these.</param>
/// <param name="PeakFraction">Matrix products of a step beside the measured rate of plain ones, from 0 to 1.</param>
/// <param name="MemoryBytes">Weights, gradients, moments and activations.</param>
/// <param name="MicroBatch">Why the micro-batch is what it is.</param>
internal sealed record CostReport(
    int Layers, int Hidden, long Parameters, long BatchTokens, double StepSeconds, double TokensPerSecond, double PeakFraction, long MemoryBytes, string MicroBatch)
{
    public static CostReport Of(EncoderConfiguration model, MaskedBlockOptions blocks, MicroBatchChoice choice, double peak)
    {
        int[] offsets = [.. Enumerable.Range(0, blocks.BatchBlocks + 1).Select(i => i * blocks.BlockTokens)];
        double flops = new EncoderFlops(model).MaskedLanguageModel(offsets, (int)Math.Round(blocks.MaskRate * offsets[^1])).Products;
        MicroBatchCandidate taken = choice.Candidates.Last(c => c.Tokens == choice.Tokens);
        return new CostReport(
            model.Layers, model.Hidden, Count(model), offsets[^1], choice.StepSeconds, offsets[^1] / choice.StepSeconds, flops / choice.StepSeconds / peak, taken.Bytes, choice.Reason);
    }

    // Declared only: no memory is taken.
    private static long Count(EncoderConfiguration model)
    {
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        _ = new MaskedLanguageModel(parameters, model);
        return parameters.Count;
    }
}

/// <summary>What <c>doctor --json</c> prints.</summary>
/// <param name="Machine">What it is.</param>
/// <param name="Kernels">Kernels that run here.</param>
/// <param name="KernelsInUse">Those that are used.</param>
/// <param name="Threads">Worker threads.</param>
/// <param name="PeakFlopsOneThread">Rate of plain matrix products on one thread, FLOP/s.</param>
/// <param name="PeakFlops">The same on all.</param>
/// <param name="Load">What else the machine did.</param>
/// <param name="Cost">What training costs.</param>
internal sealed record DoctorReport(
    MachineRecord Machine, IReadOnlyList<InstructionSet> Kernels, InstructionSet KernelsInUse, int Threads, double PeakFlopsOneThread, double PeakFlops,
    MachineLoad Load, CostReport Cost)
{
    private const double Budget = 1800;

    public void Write(TextWriter text)
    {
        text.WriteLine($"{Machine.Processor}, {Machine.Cores} logical cores, {Machine.MemoryBytes / 1e9:F1} GB of memory");
        text.WriteLine($"{Machine.OperatingSystem}; {Machine.Runtime}");
        text.WriteLine($"  kernels   {KernelsInUse.ToString().ToLowerInvariant()}; {string.Join(", ", Kernels.Select(k => k.ToString().ToLowerInvariant()))} run here");
        text.WriteLine($"  products  {PeakFlopsOneThread / 1e9:F1} GFLOP/s on 1 thread, {PeakFlops / 1e9:F1} on {Threads} ({PeakFlops / PeakFlopsOneThread:F2} times as fast)");
        Load.Write(text);
        text.WriteLine($"pretraining {Cost.Layers} layers × {Cost.Hidden}, {Cost.Parameters:N0} parameters, {Cost.BatchTokens:N0} tokens a step");
        text.WriteLine($"  step      {1e3 * Cost.StepSeconds:F1} ms, {Cost.TokensPerSecond:N0} tokens/s, {Cost.PeakFraction:P0} of the rate of plain products");
        text.WriteLine($"  memory    {Cost.MemoryBytes / 1e6:N0} MB; micro-batch: {Cost.MicroBatch}");
        text.WriteLine($"  30 min    {Math.Floor(Budget / Cost.StepSeconds):N0} steps on {Budget * Cost.TokensPerSecond / 1e6:N1} million tokens");
    }
}
