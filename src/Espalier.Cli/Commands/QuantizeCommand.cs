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
    // Points of accuracy that nobody loses without being told.
    private const double Considerable = 0.05;

    private readonly Argument<string> _model = new("model") { Description = "A run, or the folder of a model" };
    private readonly Option<string> _out = new("--out") { Description = "Folder of the package, to create", Required = true };
    private readonly Option<int> _bits = New("--bits", 8, "Bits of a weight, 2 to 8");
    private readonly Option<string?> _size = new("--max-size") { Description = "Largest package, such as 250kB or 2MB: chooses the bits, of each tensor of a classifier by --data; of a model that translates the most of 8, 6, 5 and 4 that fit. Takes --granularity Row and --range LeastSquares unless told otherwise" };
    private readonly Option<string?> _data = new("--data") { Description = "For a classifier: labelled table on which accuracy and loss are measured before and after; for --max-size, what each tensor needs, too" };
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
        string? size = parsed.GetValue(_size), data = parsed.GetValue(_data), sentences = parsed.GetValue(_sentences), references = parsed.GetValue(_references);
        if ((sentences == null) != (references == null))
            throw new UsageException("translations of --source are scored by --references; give both, or neither");
        QuantizationSettings settings = (size == null ? _quantization.Read(parsed) : _quantization.ReadForSize(parsed)) with { Bits = parsed.GetValue(_bits) };
        if (settings.Validate() is { Count: > 0 } faults)
            throw new UsageException(string.Join("; ", faults));
        long most = size == null ? long.MaxValue : LimitOptions.Size(size);
        if (size != null && parsed.GetResult(_bits) is { Implicit: false })
            throw new UsageException("--max-size chooses the bits; leave --bits out");
        string folder = parsed.GetRequiredValue(_out);
        if (Directory.Exists(folder) || File.Exists(folder))
            throw new UsageException($"{folder} is there already; name another folder, nothing is overwritten");
        string source = ModelSource.Find(parsed.GetRequiredValue(_model));
        if (ModelPackage.IsQuantized(source))
            context.Warn($"{source} is quantized already: what that cost stays lost, more is lost now, and errors are told against it. Quantize the model that it was made from");
        if (TranslationFolder.IsAt(source))
        {
            if (data != null)
                throw new UsageException($"{source} is a model that translates, for which --data means nothing; give --source and --references to see what it loses");
            OfTranslation(context, source, folder, settings, most, parsed.GetValue(_threads), sentences, references);
            return;
        }
        if (sentences != null)
            throw new UsageException($"{source} is no model that translates; leave --source and --references out");
        if (size != null && data == null)
            throw new UsageException("--max-size chooses bits by what is measured on a labelled table; name one with --data");
        QuantizationOutcome outcome = context.Track("quantizing", progress =>
        {
            var quantization = new ModelQuantization(source, settings);
            if (size != null)
                return quantization.WriteWithin(
                    folder, most, data!, _columns.Read(parsed), parsed.GetValue(_threads), new PhaseProgress(progress, "measuring tensors"), context.Cancel,
                    _quantization.SaysHow(parsed) ? null : ModelQuantization.Ways(settings));
            ClassifierQuality? before = data == null ? null : Quality(source);
            QuantizationOutcome made = quantization.Write(folder);
            return made with { Before = before, After = data == null ? null : Quality(folder) };

            ClassifierQuality Quality(string model) => ClassifierQuality.Of(model, data!, _columns.Read(parsed), parsed.GetValue(_threads), context.Cancel);
        });
        if (outcome is { Before: { } whole, After: { } left } && whole.Accuracy - left.Accuracy > Considerable)
            context.Warn($"the package gets {100 * (whole.Accuracy - left.Accuracy):F2} points less right than the model; {(size == null ? "take more bits, or --granularity Row --range LeastSquares" : "allow more bytes")}");
        var report = new QuantizeReport(source, folder, outcome, null, null);
        context.Report(report, CommandJson.Default.QuantizeReport, report.Write);
    }

    private static void OfTranslation(
        CommandContext context, string source, string folder, QuantizationSettings settings, long most, int threads, string? sentences,
        string? references)
    {
        QuantizeReport report = context.Track("quantizing", progress =>
        {
            var quantization = new TranslationQuantization(source, settings);
            // The model first: sentences that cannot be scored are found before anything is written.
            double? before = Bleu(source, "translating with the model");
            QuantizationOutcome outcome = most == long.MaxValue ? quantization.Write(folder) : quantization.WriteWithin(folder, most);
            return new QuantizeReport(source, folder, outcome, before, Bleu(folder, "translating with the package"));

            double? Bleu(string model, string phase)
            {
                if (sentences == null || references == null)
                    return null;
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
    private const int Shown = 40;

    public void Write(TextWriter text)
    {
        text.WriteLine($"{Package}: {Outcome.Parameters:N0} parameters, {Outcome.BitsPerWeight:F2} bits each with scales, {Outcome.WeightBytes:N0} bytes of weights, {Outcome.Bytes:N0} in all ({Outcome.SourceBytes:N0} before)");
        if (Bleu != null)
            text.WriteLine($"  BLEU {Bleu:F2}, {BleuBefore:F2} before (beam of 4)");
        if (Outcome is { Before: { } before, After: { } after })
            text.WriteLine($"  accuracy {100 * after.Accuracy:F2} %, {100 * before.Accuracy:F2} % before; loss {after.Loss:F4}, {before.Loss:F4} before; of {after.Examples:N0} examples");
        if (Outcome.Tried.Count > 0)
            text.WriteLine($"  {"what fits, by its loss",-32}{"bytes",11}{"loss",8}{"accuracy",10}");
        foreach (PackageTrial t in Outcome.Tried)
            text.WriteLine($"{(t.Chosen ? "* " : "  ")}{(t.Bits is { } bits ? $"{bits} bits" : "by tensor"),-10}{$"{t.Granularity}, {t.Range}",-22}{t.Bytes,11:N0}{t.Loss,8:F4}{100 * t.Accuracy,8:F2} %");
        if (Outcome.Chosen.Count > 0)
            text.WriteLine($"  nats that a tensor costs at {string.Join(", ", Outcome.Chosen[0].Costs.Select(c => c.Bits))} bits ({string.Join(", ", Outcome.Chosen[0].Costs.Where(c => c.Measured).Select(c => c.Bits))} measured), the bits that it has marked");
        foreach (ChosenBits tensor in Outcome.Chosen.Take(Shown))
            text.WriteLine($"  {tensor.Tensor}: {tensor.Bits} bits, {tensor.Bytes:N0} bytes;{string.Concat(tensor.Costs.Select(c => $" {(c.Bits == tensor.Bits ? "*" : "")}{c.Loss:0.0e0}"))}");
        if (Outcome.Chosen.Count > Shown)
            text.WriteLine($"  … and {Outcome.Chosen.Count - Shown} tensors that cost less; --json names all");
        foreach (QuantizedKind kind in Outcome.Kinds)
            text.WriteLine($"  {kind.Error.Kind,-16} {kind.LeastBits,2}{(kind.LeastBits == kind.MostBits ? "   " : $"–{kind.MostBits,-2}")} bits, error {kind.Error.MeanMagnitude:0.00e0} in the mean, variance {kind.Error.Variance:0.00e0}");
    }
}
