namespace Espalier.Training.Budgets;

/// <summary>What training has used up so far. Evaluation, saving and the time between a stop and a resumption are not in it.</summary>
/// <param name="Time">Time within training steps.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Tokens">Tokens that passed through the model.</param>
/// <param name="Epochs">Passes over the data.</param>
public readonly record struct TrainingSpent(TimeSpan Time, long Steps, long Tokens, double Epochs);
