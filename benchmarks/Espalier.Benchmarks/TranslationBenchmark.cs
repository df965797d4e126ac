using System.CommandLine;
using System.Diagnostics;
using Espalier.Engine.Search;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Text.Files;
using Espalier.Text.Metrics;

namespace Espalier.Benchmarks;

/// <summary>Translation with a trained model and with packages made from it: tokens a second, and BLEU of each.</summary>
internal static class TranslationBenchmark
{
    // Sums of another order may turn a near tie: so many translations may be others in a batch.
    private const double MostThatDiffer = 0.02;

    private static readonly int[] Beams = [1, 4], Batches = [1, 32];

    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "A run or the folder of a model", Required = true };
        var packages = new Option<string[]>("--package") { Description = "Packages of it", AllowMultipleArgumentsPerToken = true };
        var source = new Option<string>("--source") { Description = "Sentences, one a line", Required = true };
        var references = new Option<string>("--references") { Description = "Their translations", Required = true };
        Option<int> sentences = BenchmarkOptions.Count("--sentences", "Sentences to time one at a time", 200);
        Option<int> threads = BenchmarkOptions.Threads();
        Option<bool> json = BenchmarkOptions.Json();
        var command = new Command("translation", "Translation by a model and its packages: tokens a second and BLEU")
        {
            model, packages, source, references, sentences, threads, json,
        };
        command.SetAction(parsed =>
        {
            var report = new BenchmarkReport(parsed.GetValue(json));
            (IReadOnlyList<string> sources, IReadOnlyList<string> targets) =
                (LineReader.ReadAll(parsed.GetRequiredValue(source)), LineReader.ReadAll(parsed.GetRequiredValue(references)));
            if (sources.Count != targets.Count || sources.Count == 0)
            {
                throw new ArgumentException($"{sources.Count} sentences and {targets.Count} references; expected as many, and at least one");
            }

            string run = parsed.GetRequiredValue(model), own = Path.Join(run, "model");
            string[] folders = [Directory.Exists(own) ? own : run, .. parsed.GetValue(packages) ?? []];
            Run(report, folders, [.. sources], targets, parsed.GetValue(sentences), parsed.GetValue(threads));
            report.Finish();
        });
        return command;
    }

    private static void Run(
        BenchmarkReport report, string[] folders, string[] sources, IReadOnlyList<string> targets, int sentences, int threads)
    {
        threads = threads > 0 ? threads : Environment.ProcessorCount;
        (string Folder, ActivationPrecision Activations)[] contestants =
        [
            (folders[0], ActivationPrecision.Single),
            .. folders.Skip(1).SelectMany(folder => Enum.GetValues<ActivationPrecision>().Select(activations => (folder, activations))),
        ];
        foreach (int beam in Beams)
        {
            foreach (int batch in Batches)
            {
                string[] some = batch == 1 ? [.. sources.Take(sentences)] : sources;
                double? dense = null;
                string[] references = [.. targets.Take(some.Length)];
                foreach ((string folder, ActivationPrecision activations) in contestants)
                {
                    var settings = new BeamSettings { Beam = beam, BatchSentences = batch };
                    using Translator translator = Translator.Open(folder, settings, threads, activations);
                    Check(translator, folder, some);
                    long start = Stopwatch.GetTimestamp();
                    IReadOnlyList<TextTranslation> translations = translator.Translate(some);
                    double rate = translations.Sum(t => (long)t.Tokens) / Stopwatch.GetElapsedTime(start).TotalSeconds;
                    dense ??= rate;
                    report.Add(new BenchmarkRow(
                        $"{Path.GetFileName(folder)}, {activations}", $"beam {beam} batch {batch}", threads, "tokens/s", rate, "dense", dense, rate / dense)
                    {
                        More = { ["BLEU"] = new Bleu().Score([.. translations.Select(t => t.Text)], references).Score },
                    });
                }
            }
        }
    }

    // Compiles and warms everything up, too.
    private static void Check(Translator translator, string folder, string[] sources)
    {
        string[] some = [.. sources.Take(64)];
        int others = translator.Translate(some).Zip(some, (t, text) => t.Text != translator.Translate(text)).Count(differs => differs);
        if (others > MostThatDiffer * some.Length)
        {
            throw new InvalidOperationException($"{folder}: {others} of {some.Length} sentences are translated otherwise in a batch");
        }
    }
}
