using System.Globalization;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Measurement;
using Espalier.Pipeline.Recovery;
using Espalier.Pipeline.Tasks;
using Espalier.Training;
using Espalier.Training.Finetuning;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>
/// Compresses in rounds until its time is up: first a grid of what may fit, then, around the best of it, what lies between the
/// grid's lines, with as long a finetuning as there is time for.
/// </summary>
internal static class CompressPhase
{
    /// <summary>One range for each row, that of least squared error: at 4 bits much is lost with one for a whole tensor.</summary>
    public static readonly QuantizationSettings Quantization = new() { Granularity = ScaleGranularity.Row, Range = RangeRule.LeastSquares };

    /// <summary>Most rounds, unless the job is given more time.</summary>
    public const int MostRounds = 4;

    // A round that has less than this has hardly the time to begin.
    private const double LeastRoundShare = 0.01;
    private static readonly TimeSpan LeastRound = TimeSpan.FromSeconds(3);

    // What choosing, packaging and reporting take beside measuring the package, at most: the rest of their share is worth more here.
    private const double MostOfTheEnd = 8;

    // Pruned in steps twice the paper's: time is short, and each step has its finetuning.
    private const double StepOfRefinement = 0.3, Finest = 0.05, MostPruned = 0.95;

    // At 90 % of 2 × 64 the whole model's ranking kept 49 % accuracy, that of each matrix 65; at 75 % they kept 78 and 74.
    private const double MostOfWholeModel = 0.8;

    /// <summary>Makes packages.</summary>
    /// <exception cref="RunException">There is no trained model, or a folder cannot be written.</exception>
    public static void Run(JobWork job, CancellationToken cancel)
    {
        job.Tell("opening the trained model");
        string run = ChoosePhase.Trained(job) ?? throw new RunException(job.Folder, "no training has come to a model, so there is none to compress");
        DropOfAnotherModel(job.GridFolder, run);
        PackageSizes sizes = PackageSizes.Of(ModelSource.Find(run), Quantization, job.Settings.Limits.MaxBytes);
        TimeSpan enough = TimeSpan.FromSeconds(Math.Max(LeastRound.TotalSeconds, LeastRoundShare * job.Settings.Budget.TotalSeconds));
        TimeSpan end = BeyondItsShare(job, run);
        for (int round = 1; round <= MostRounds; round++)
        {
            string folder = RoundOf(job.GridFolder, round);
            bool begun = RunDirectory.IsAt(folder), first = round == 1;
            if (!begun && !first && Left() < enough)
            {
                return;
            }

            // Should the job's folder have been moved, so were the run and its data.
            ICompressionTask Open(GridConfiguration c) => job.Settings.IsTranslator ? TranslationTask.Open(c with { Model = run }, cancel)
                : ClassificationTask.Open(c with { Model = run }, cancel, f => FinetunePhase.Here(job, f));
            using CompressionGrid grid = begun ? CompressionGrid.Resume(folder, cancel, Open)
                : CompressionGrid.Create(folder, first ? First(job, run, sizes) : Refinement(job, run, sizes, round), cancel, Open);
            bool before = ChoosePhase.CellsOf(job.GridFolder).Any(c => Suffices(c.Cell));
            var told = new Relay<GridProgress>(p =>
            {
                if (p.Warning is { } warning)
                {
                    job.Note($"{warning}.");
                }

                job.Tell(first ? p.Phase : $"round {round}: {p.Phase}");
            });
            grid.Run(told, cancel, new GridPace(
                Left, (sparsity, bits) => sizes.Wants(grid.Record.Configuration, sparsity, bits), cells => before || cells.Any(Suffices)));
        }

        // In a hurry there is none, whatever was kept for the end.
        TimeSpan Left() => job.Hurry ? TimeSpan.Zero : job.Left(JobPhase.Compress) - end;

        bool Suffices(CellResult cell) => cell.Measures != null && ChoosePhase.Fits(job, cell);
    }

    /// <summary>The folder of a round.</summary>
    public static string RoundOf(string grid, int round) => Path.Join(grid, round.ToString(CultureInfo.InvariantCulture));

    // A training that failed, and was tried again, has come to another model since.
    private static void DropOfAnotherModel(string grid, string run)
    {
        string fingerprint = ModelSource.Fingerprint(ModelSource.Find(run));
        foreach (string round in Enumerable.Range(1, MostRounds).Select(round => RoundOf(grid, round)).Where(RunDirectory.IsAt))
        {
            if (GridRecord.Read(round, RunDirectory.ReadManifest(round)).ModelFingerprint != fingerprint)
            {
                Directory.Delete(round, recursive: true);
            }
        }
    }

    /// <summary>What choosing, packaging and reporting take beyond their share, or less than that: large sets are classified or translated
    /// at the end, small ones are not worth waiting for.</summary>
    private static TimeSpan BeyondItsShare(JobWork job, string run)
    {
        double share = job.Record.Phases.Skip((int)JobPhase.Choose).Sum(p => p.PlannedSeconds ?? 0);
        double measuring = job.Settings.IsTranslator ? TranslatorMeasure.Expected(job, run) : Classifying(job, run);
        return TimeSpan.FromSeconds(measuring + Math.Min(share / 2, MostOfTheEnd) - share);
    }

    private static double Classifying(JobWork job, string run)
    {
        FinetuningRecord record = RunDirectory.ReadManifest(run).ConfigurationAs(FinetuningJson.Default.FinetuningRecord);
        int test = PackageMeasure.TestOf(job, record.Labels)?.Examples.Count ?? 0;

        // A pass without gradients takes a third of one with. The speed is measured of the package and of the uncompressed model.
        return record.EpochSeconds * (record.DevelopmentExamples + test + (2 * InferenceSpeed.ClassifierExamples)) / record.TrainExamples / 3;
    }

    // As the paper, only where bits alone do not make it fit: embeddings are most of a small model's weights, and without them the matrices
    // would have to lose far more.
    private static bool WithEmbeddings(PackageSizes sizes) => !sizes.Fits(0, 4, embeddings: false);

    // Much of the whole model would leave its matrices empty, whose weights are smaller than those of embeddings.
    private static PruningSettings Pruning(PackageSizes sizes, double sparsity) => new()
    {
        Embeddings = WithEmbeddings(sizes),
        Ranking = sparsity > MostOfWholeModel ? PruningRanking.PerMatrix : PruningRanking.WholeModel,
    };

    private static GridConfiguration First(JobWork job, string run, PackageSizes sizes)
    {
        var paper = new GridConfiguration { Model = run };
        double least = LeastPruned(job, sizes, paper.Bits.Min());
        return paper with
        {
            Sparsities = [.. paper.Sparsities.Append(least).Distinct().Order()],
            Quantization = Quantization with { Keep = sizes.Kept },
            Pruning = Pruning(sizes, least),
            Recovery = new RecoverySettings { EvaluationsPerEpoch = 4, Seed = job.Settings.Seed },
            Threads = job.Settings.Threads,
        };
    }

    // The least pruned that fits; nothing where anything does.
    private static double LeastPruned(JobWork job, PackageSizes sizes, int bits)
        => job.Settings.Limits.MaxBytes == null ? 0 : Enumerable.Range(0, (int)(MostPruned / Finest) + 1).Select(i => Math.Round(i * Finest, 2))
            .FirstOrDefault(s => sizes.Fits(s, bits, WithEmbeddings(sizes)), MostPruned);

    private static GridConfiguration Refinement(JobWork job, string run, PackageSizes sizes, int round)
    {
        (_, CellResult best) = ChoosePhase.Best(job);
        int[] bits = job.Settings.Limits.MaxBytes == null ? [best.Bits]
            : [.. new[] { best.Bits - 1, best.Bits, best.Bits + 1 }.Where(b => b == best.Bits || (b is >= 3 and <= 8 && Sparsity(b) <= PackageSizes.MostForBits))];
        double[] sparsities = [.. bits.Select(Sparsity).Distinct().Order()];
        return new GridConfiguration
        {
            Model = run,
            Sparsities = sparsities,
            Bits = bits,
            Quantization = Quantization with { Keep = sizes.Kept },
            Pruning = Pruning(sizes, sparsities.Max()) with { Step = StepOfRefinement },

            // The share of the time ends it.
            Recovery = new RecoverySettings { EnoughQuality = RecoverySettings.NoneIsEnough, Epochs = 1000, EvaluationsPerEpoch = 2, Seed = job.Settings.Seed + (ulong)round },
            Threads = job.Settings.Threads,
        };

        // The least pruned that fits, but pruned at all: finetuning belongs to pruning here, and a mask is hardly a loss.
        double Sparsity(int b) => job.Settings.Limits.MaxBytes == null ? Math.Max(best.Sparsity, 0.15)
            : Math.Max(Finest, LeastPruned(job, sizes, b));
    }
}
