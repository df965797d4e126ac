using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Optimizers;
using Espalier.Training;
using Espalier.Training.Budgets;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary>The options that say how a model is trained from scratch, whatever it learns.</summary>
/// <param name="schedule">How the rate falls when left out.</param>
/// <param name="decay">Weight decay when left out.</param>
/// <param name="evaluate">How often to evaluate when left out.</param>
internal sealed class TrainerOptions(LearningRateDecay schedule, float decay, string evaluate)
{
    private readonly Option<double> _warmup = New("--warm-up", 0.06, "Fraction of the budget over which the rate rises, or, from 1 on, a number of steps").Expect(w => w >= 0, "0 or more");
    private readonly Option<LearningRateDecay> _schedule = New("--schedule", schedule, "How the rate falls after warm-up");
    private readonly Option<float> _decay = New("--weight-decay", decay, "Weight decay").Expect(d => d >= 0, "0 or more");
    private readonly Option<float> _clip = New("--clip", 1f, "Largest norm of the gradient; 0 for no clipping").Expect(n => n >= 0, "0 or more");
    private readonly Option<string> _evaluate = New("--evaluate-every", evaluate, "How often to evaluate: a time, or a number of steps").ExpectReadable(text => Quantities.Interval(text));
    private readonly Option<string> _checkpoint = New("--checkpoint-every", "5m", "How often to save: a time, or a number of steps").ExpectReadable(text => Quantities.Interval(text));

    public IEnumerable<Option> All => [_warmup, _schedule, _decay, _clip, _evaluate, _checkpoint];

    /// <summary>The settings as they were asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="budget">When training ends.</param>
    /// <param name="rate">The highest learning rate.</param>
    public TrainerSettings Read(ParseResult parsed, TrainingBudget budget, double rate)
    {
        double warmup = parsed.GetValue(_warmup);
        return new TrainerSettings
        {
            Budget = budget,
            Schedule = new LearningRateSchedule
            {
                Peak = rate,
                Decay = parsed.GetValue(_schedule),
                WarmupFraction = warmup < 1 ? warmup : 0,
                WarmupSteps = warmup >= 1 ? (long)warmup : null,
            },
            Optimizer = new AdamWConfiguration { WeightDecay = parsed.GetValue(_decay) },
            ClipNorm = parsed.GetValue(_clip),
            Evaluation = Quantities.Interval(parsed.GetValue(_evaluate)!),
            Checkpoints = new CheckpointPolicy { Every = Quantities.Interval(parsed.GetValue(_checkpoint)!) },
        };
    }
}
