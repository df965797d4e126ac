using System.CommandLine;
using System.Diagnostics;
using Espalier.Engine.Search;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Text.Bitext;
using Espalier.Text.Files;
using Espalier.Text.Metrics;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Benchmarks;

/// <summary>Translation with a trained model and with packages made from it: tokens a second, and BLEU of each.</summary>
internal static class TranslationBenchmark
{
    // Sums of another order may turn a near tie: so many translations may be others in a batch.
    private const double MostThatDiffer = 0.02;

    // Turns of ours and of a peer, with a rest between them: idle threads of its library may spin for a while.
    private const int Rounds = 3, RestMilliseconds = 100;

    private static readonly int[] Beams = [1, 4], Batches = [1, 32];

    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "A run or the folder of a model", Required = true };
        var packages = new Option<string[]>("--package") { Description = "Packages of it", AllowMultipleArgumentsPerToken = true };
        var source = new Option<string>("--source") { Description = "Sentences, one a line", Required = true };
        var references = new Option<string>("--references") { Description = "Their translations", Required = true };
        Option<int> sentences = BenchmarkOptions.Count("--sentences", "Sentences to time one at a time", 200);
        Option<int> threads = BenchmarkOptions.Threads();
        var peer = new Option<string?>("--peer") { Description = "A program with the same model that takes turns with ours, such as \"/usr/bin/python3 benchmarks/peers/pytorch_translation.py\"" };
        Option<bool> json = BenchmarkOptions.Json();
        var command = new Command("translation", "Translation by a model and its packages: tokens a second and BLEU")
        {
            model, packages, source, references, sentences, threads, peer, json,
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
            Run(report, folders, [.. sources], targets, parsed.GetValue(sentences), parsed.GetValue(threads), parsed.GetValue(peer));
            report.Finish();
        });
        return command;
    }

    private static void Run(
        BenchmarkReport report, string[] folders, string[] sources, IReadOnlyList<string> targets, int sentences, int threads, string? command)
    {
        threads = threads > 0 ? threads : Environment.ProcessorCount;
        (string Folder, ActivationPrecision Activations)[] contestants =
        [
            (folders[0], ActivationPrecision.Single),
            .. folders.Skip(1).SelectMany(folder => Enum.GetValues<ActivationPrecision>().Select(activations => (folder, activations))),
        ];
        Tokenizer tokenizer = Tokenizer.Load(Path.Join(folders[0], ModelFolder.TokenizerName));
        int symbols = TranslationFolder.ReadConfiguration(folders[0]).Vocabulary;
        using TranslationPeer? peer = command == null ? null : new TranslationPeer(command, new TranslationRequest(
            folders[0], threads, sentences, [.. sources.Select(text => Sentence.Encode(tokenizer, text))], Sentence.Excluded(tokenizer, symbols)));
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
                    (IReadOnlyList<TextTranslation> translations, double rate) = Time(translator, some);
                    if (dense == null && peer != null)
                    {
                        report.Add(Beside(peer, translator, some, tokenizer, settings, threads));
                    }

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

    private static (IReadOnlyList<TextTranslation> Translations, double Rate) Time(Translator translator, string[] sources)
    {
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<TextTranslation> translations = translator.Translate(sources);
        return (translations, translations.Sum(t => (long)t.Tokens) / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static BenchmarkRow Beside(
        TranslationPeer peer, Translator translator, string[] sources, Tokenizer tokenizer, BeamSettings settings, int threads)
    {
        List<(double Ours, double Theirs)> rates = [];
        int others = 0;
        for (int round = 0; round < Rounds; round++)
        {
            Thread.Sleep(RestMilliseconds);
            (IReadOnlyList<TextTranslation> ours, double rate) = Time(translator, sources);
            TranslationAnswer theirs = peer.Translate(settings.Beam, settings.BatchSentences);
            rates.Add((rate, theirs.TokensPerSecond));
            others = ours.Zip(theirs.Translations).Count(pair => pair.First.Text != Sentence.Decode(tokenizer, pair.Second));
            if (theirs.Translations.Count != ours.Count || others > MostThatDiffer * ours.Count)
            {
                throw new PeerException($"the peer translates {others:N0} of {ours.Count:N0} sentences otherwise");
            }
        }

        return new BenchmarkRow(
            "single precision", $"beam {settings.Beam} batch {settings.BatchSentences}", threads, "tokens/s", Measure.Median(rates.Select(r => r.Ours)), "peer",
            Measure.Median(rates.Select(r => r.Theirs)), Measure.Median(rates.Select(r => r.Ours / r.Theirs)))
        {
            More = { ["translated otherwise"] = others },
        };
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
