using Espalier.Engine.Models;

namespace Espalier.Pipeline.Recovery;

/// <summary>How a pruned model is finetuned (the paper's §4.3). All else is as in the training on its task that the model comes from.</summary>
public sealed record RecoverySettings
{
    /// <summary>More than any quality: finetuning goes on to its end.</summary>
    public const double NoneIsEnough = double.MaxValue;

    /// <summary>The part of the unpruned model's quality, accuracy or BLEU on the development set, that is enough; the paper's 99.5 %.
    /// Of a quality of 0, such as the BLEU of a model that was hardly trained, no part but 0 itself is: there is all to win.</summary>
    public double EnoughQuality { get; init; } = 0.995;

    /// <summary>Passes over the training set after which it ends all the same; the paper's one. 0 for no finetuning.</summary>
    public double Epochs { get; init; } = 1;

    /// <summary>Training time after which it ends all the same; null for any.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Evaluations in an epoch, each of which may end it.</summary>
    public double EvaluationsPerEpoch { get; init; } = 10;

    /// <summary>Highest learning rate; null for that of the model's own training.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Seed of the order of the data and of dropout.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        faults.Unless(EnoughQuality is >= 0 and < double.PositiveInfinity, $"{EnoughQuality} of the quality is enough; expected 0 or more, such as 0.995");
        faults.Unless(Epochs is >= 0 and < double.PositiveInfinity, $"recovery over {Epochs} epochs; expected 0 (none) or more");
        faults.Unless(!(Time <= TimeSpan.Zero), $"recovery within {Time}; expected more than none");
        faults.Unless(EvaluationsPerEpoch is > 0 and < double.PositiveInfinity, $"{EvaluationsPerEpoch} evaluations an epoch; expected more than 0");
        faults.Unless(LearningRate is null or (> 0 and < double.PositiveInfinity), $"learning rate {LearningRate}; expected more than 0");
        return faults;
    }
}
