using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Compression.Quantization;
using Espalier.Inference;
using Espalier.Pipeline.Packages;
using Espalier.Training.Runs;
using Espalier.Training.Translation;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier quantize</c>: a model in, a package with fewer bits for each weight out.</summary>
internal sealed class QuantizeCommand : EspalierCommand
{
    private readonly Argument<string> _model = new("model") { Description = "A run, or the folder of a model" };
    private readonly Option<string> _out = new("--out") { Description = "Folder of the package, to create", Required = true };
    private readonly Option<int> _bits = New("--bits", 8, "Bits of a weight, 2 to 8");
    private readonly Option<string?> _size = new("--max-size") { Description = "Largest package, such as 2MB: chooses the bits, of each tensor of a classifier by --data; of a model that translates the most of 8, 6, 5 and 4 that fit" };
    private readonly Option<string?> _data = new("--data") { Description = "Labelled table for --max-size: how many bits each tensor needs is measured on its texts" };
    private readonly Option<string?> _sentences = new("--source") { Description = "For a model that translates: sentences, one a line, whose translations are scored before and after" };
    private readonly Option<string?> _references = new("--references") { Description = "Reference translations of --source, line by line" };
    private readonly ColumnOptions _columns = new();
    private readonly QuantizationOptions _quantization = new();
    private readonly Option<int> _threads = Threads();

    public QuantizeCommand(Terminal terminal) : base(terminal, "quantize", "Store a model with 2 to 8 bits for each weight")
    {
        Arguments.Add(_model);
        foreach (Option option in (Option[])[_out, Recipe.Option, _bits, _size, _data, _sentences, _references, .. _quantization.All, .. _columns.All, _threads])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        QuantizationSettings settings = _quantization.Read(parsed) with { Bits = parsed.GetValue(_bits) };
        if (settings.Validate() is { Count: > 0 } faults)
            throw new UsageException(string.Join("; ", faults));
        string? size = parsed.GetValue(_size), data = parsed.GetValue(_data), sentences = parsed.GetValue(_sentences), references = parsed.GetValue(_references);
        if ((sentences == null) != (references == null))
            throw new UsageException("translations of --source are scored by --references; give both, or neither");
        if (data != null && size == null)
            throw new UsageException("--max-size chooses bits by what is measured on --data; give both, or neither");
        if (size != null && parsed.GetResult(_bits) is { Implicit: false })
            throw new UsageException("--max-size chooses the bits; leave --bits out");
        string folder = parsed.GetRequiredValue(_out);
        if (Directory.Exists(folder) || File.Exists(folder))
            throw new UsageException($"{folder} is there already; name another folder, nothing is overwritten");
        string source = ModelSource.Find(parsed.GetRequiredValue(_model));
        if (TranslationFolder.IsAt(source))
        {
            if (data != null)
                throw new UsageException($"{source} is a model that translates, for which --data means nothing; give --source and --references to see what it loses");
            OfTranslation(context, source, folder, settings, size, parsed.GetValue(_threads), sentences, references);
            return;
        }
        if (sentences != null)
            throw new UsageException($"{source} is no model that translates; leave --source and --references out");
        if (size != null && data == null)
            throw new UsageException("--max-size chooses bits by what is measured on --data; give both, or neither");
        QuantizationOutcome outcome = context.Track("quantizing", progress =>
        {
            var quantization = new ModelQuantization(source, settings);
            return size == null ? quantization.Write(folder)
                : quantization.WriteWithin(
                    folder, Quantities.Bytes(size), data!, _columns.Read(parsed), parsed.GetValue(_threads),
                    new PhaseProgress(progress, "measuring tensors"), context.Cancel);
        });
        var report = new QuantizeReport(source, folder, outcome, null, null);
        context.Report(report, CommandJson.Default.QuantizeReport, report.Write);
    }

    private static void OfTranslation(
        CommandContext context, string source, string folder, QuantizationSettings settings, string? size, int threads, string? sentences,
        string? references)
    {
        QuantizeReport report = context.Track("quantizing", progress =>
        {
            var quantization = new TranslationQuantization(source, settings);
            QuantizationOutcome outcome = size == null ? quantization.Write(folder) : quantization.WriteWithin(folder, Quantities.Bytes(size));
            if (sentences == null || references == null)
                return new QuantizeReport(source, folder, outcome, null, null);
            double before = Bleu(source, "translating with the model"), after = Bleu(folder, "translating with the package");
            return new QuantizeReport(source, folder, outcome, before, after);

            double Bleu(string model, string phase)
            {
                using Translator translator = Translator.Open(model, threads: threads);
                return TranslationMeasure.Of(translator, sentences, references, new PhaseProgress(progress, phase), context.Cancel).Bleu.Score;
            }
        });
        context.Report(report, CommandJson.Default.QuantizeReport, report.Write);
    }
}

/// <summary>What <c>quantize --json</c> prints.</summary>
/// <param name="Model">What was quantized.</param>
/// <param name="Package">Where it is now.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="BleuBefore">BLEU of the model's translations with a beam of 4; null where none was asked for.</param>
/// <param name="Bleu">That of the package's.</param>
internal sealed record QuantizeReport(string Model, string Package, QuantizationOutcome Outcome, double? BleuBefore, double? Bleu)
{
    private const int Shown = 8;

    public void Write(TextWriter text)
    {
        text.WriteLine($"{Package}: {Outcome.Parameters:N0} parameters at {Outcome.BitsPerWeight:F2} bits, {Outcome.WeightBytes:N0} bytes of weights, {Outcome.Bytes:N0} in all ({Outcome.SourceBytes:N0} before)");
        if (Bleu != null)
            text.WriteLine($"  BLEU {Bleu:F2}, {BleuBefore:F2} before (beam of 4)");
        foreach (ChosenBits tensor in Outcome.Chosen.Take(Shown))
            text.WriteLine($"  {tensor.Tensor}: {tensor.Bits} bits, {tensor.Bytes:N0} bytes; at 4 bits it costs {tensor.Sensitivity:E2} nats");
        if (Outcome.Chosen.Count > Shown)
            text.WriteLine($"  … and {Outcome.Chosen.Count - Shown} tensors that cost less; --json names all");
        foreach (QuantizedKind kind in Outcome.Kinds)
            text.WriteLine($"  {kind.Error.Kind,-16} {kind.LeastBits,2}{(kind.LeastBits == kind.MostBits ? "   " : $"–{kind.MostBits,-2}")} bits, error {kind.Error.MeanMagnitude:E2} in the mean, variance {kind.Error.Variance:E2}");
    }
}
